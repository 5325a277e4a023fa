#pragma once

#include "engine/layers/flatten.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Flatten& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Flatten& layer, const PrepareContext& context);

}  // namespace petal::reference
