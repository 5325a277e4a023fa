#pragma once

#include "engine/layers/leaky_relu.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const LeakyReLU& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const LeakyReLU& layer, const PrepareContext& context);

}  // namespace petal::reference
