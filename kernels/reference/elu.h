#pragma once

#include "engine/layers/elu.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const ELU& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const ELU& layer, const PrepareContext& context);

}  // namespace petal::reference
