#pragma once

#include "engine/layers/average_pooling2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const AveragePooling2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const AveragePooling2D& layer, const PrepareContext& context);

}  // namespace petal::reference
