#pragma once

#include "engine/layers/gaussian_dropout.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const GaussianDropout& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const GaussianDropout& layer, const PrepareContext& context);

}  // namespace petal::reference
