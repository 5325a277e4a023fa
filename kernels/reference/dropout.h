#pragma once

#include "engine/layers/dropout.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Dropout& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Dropout& layer, const PrepareContext& context);

}  // namespace petal::reference
