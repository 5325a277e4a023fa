#pragma once

#include "engine/layers/batch_normalization.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const BatchNormalization& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const BatchNormalization& layer, const PrepareContext& context);

}  // namespace petal::reference
