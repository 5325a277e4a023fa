#pragma once

#include "engine/layers/permute.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Permute& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Permute& layer, const PrepareContext& context);

}  // namespace petal::reference
