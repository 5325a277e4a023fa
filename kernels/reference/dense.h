#pragma once

#include "engine/layers/dense.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Dense& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Dense& layer, const PrepareContext& context);

}  // namespace petal::reference
