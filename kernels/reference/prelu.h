#pragma once

#include "engine/layers/prelu.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const PReLU& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const PReLU& layer, const PrepareContext& context);

}  // namespace petal::reference
