#pragma once

#include "engine/layers/rescaling.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Rescaling& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Rescaling& layer, const PrepareContext& context);

}  // namespace petal::reference
