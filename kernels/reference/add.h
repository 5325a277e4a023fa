#pragma once

#include "engine/layers/add.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Add& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Add& layer, const PrepareContext& context);

}  // namespace petal::reference
