#pragma once

#include "engine/layers/max_pooling2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const MaxPooling2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const MaxPooling2D& layer, const PrepareContext& context);

}  // namespace petal::reference
