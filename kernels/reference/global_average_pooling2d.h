#pragma once

#include "engine/layers/global_average_pooling2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const GlobalAveragePooling2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const GlobalAveragePooling2D& layer, const PrepareContext& context);

}  // namespace petal::reference
