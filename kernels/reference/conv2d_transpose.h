#pragma once

#include "engine/layers/conv2d_transpose.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Conv2DTranspose& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Conv2DTranspose& layer, const PrepareContext& context);

}  // namespace petal::reference
