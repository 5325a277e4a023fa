#pragma once

#include "engine/layers/spatial_dropout2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const SpatialDropout2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const SpatialDropout2D& layer, const PrepareContext& context);

}  // namespace petal::reference
