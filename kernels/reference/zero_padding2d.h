#pragma once

#include "engine/layers/zero_padding2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const ZeroPadding2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const ZeroPadding2D& layer, const PrepareContext& context);

}  // namespace petal::reference
