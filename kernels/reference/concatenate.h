#pragma once

#include "engine/layers/concatenate.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Concatenate& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Concatenate& layer, const PrepareContext& context);

}  // namespace petal::reference
