#pragma once

#include "engine/layers/normalization.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Normalization& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Normalization& layer, const PrepareContext& context);

}  // namespace petal::reference
