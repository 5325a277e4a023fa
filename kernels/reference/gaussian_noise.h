#pragma once

#include "engine/layers/gaussian_noise.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const GaussianNoise& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const GaussianNoise& layer, const PrepareContext& context);

}  // namespace petal::reference
