#pragma once

#include "engine/layers/separable_conv2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const SeparableConv2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const SeparableConv2D& layer, const PrepareContext& context);

}  // namespace petal::reference
