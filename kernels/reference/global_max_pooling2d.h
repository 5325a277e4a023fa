#pragma once

#include "engine/layers/global_max_pooling2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const GlobalMaxPooling2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const GlobalMaxPooling2D& layer, const PrepareContext& context);

}  // namespace petal::reference
