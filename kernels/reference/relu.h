#pragma once

#include "engine/layers/relu.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const ReLU& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const ReLU& layer, const PrepareContext& context);

}  // namespace petal::reference
