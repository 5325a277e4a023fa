#pragma once

#include "engine/layers/random_brightness.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const RandomBrightness& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const RandomBrightness& layer, const PrepareContext& context);

}  // namespace petal::reference
