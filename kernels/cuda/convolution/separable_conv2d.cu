#include "kernels/cuda/operations.h"
#include "kernels/separable_conv2d.h"

namespace petal::cuda {

Support supports(const SeparableConv2D& layer, Direction direction) {
  return supports(pointwise_part(layer), direction);
}

KernelPointer prepare(const SeparableConv2D& layer, const Device& device, const PrepareContext& context) {
  return std::make_unique<SeparableKernel>(layer, context, [&](const PrepareContext& part) {
    const auto* depthwise = std::get_if<DepthwiseConv2D>(&part.node.layer);
    return depthwise != nullptr ? prepare(*depthwise, device, part)
                                : prepare(std::get<Conv2D>(part.node.layer), device, part);
  });
}

}  // namespace petal::cuda
