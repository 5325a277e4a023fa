#include "kernels/cuda/operations.h"
#include "kernels/separable_conv2d.h"

namespace petal::cuda {

Support supports(const SeparableConv2D& layer, Direction direction) {
  return supports(pointwise_part(layer), direction);
}

KernelPointer prepare(const SeparableConv2D& layer, const Device& device, const PrepareContext& context) {
  return std::make_unique<SeparableKernel>(
      layer, context, [&](const auto& part, const PrepareContext& of) { return prepare(part, device, of); });
}

}  // namespace petal::cuda
