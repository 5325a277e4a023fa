#pragma once

#include "engine/layers/conv2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Conv2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Conv2D& layer, const PrepareContext& context);

}  // namespace petal::reference
