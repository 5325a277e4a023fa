#pragma once

#include "engine/layers/layer_normalization.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const LayerNormalization& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const LayerNormalization& layer, const PrepareContext& context);

}  // namespace petal::reference
