#pragma once

#include "engine/layers/cropping2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Cropping2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Cropping2D& layer, const PrepareContext& context);

}  // namespace petal::reference
