#pragma once

#include "engine/layers/depthwise_conv2d.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

Support supports(const DepthwiseConv2D& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const DepthwiseConv2D& layer, const PrepareContext& context);

}  // namespace petal::reference
