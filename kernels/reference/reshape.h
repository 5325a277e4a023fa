#pragma once

#include "engine/layers/reshape.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const Reshape& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Reshape& layer, const PrepareContext& context);

}  // namespace petal::reference
