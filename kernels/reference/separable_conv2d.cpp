#include "kernels/separable_conv2d.h"

#include "kernels/reference/conv2d.h"
#include "kernels/reference/depthwise_conv2d.h"
#include "kernels/reference/separable_conv2d.h"

namespace petal::reference {

Support supports(const SeparableConv2D& layer, Direction direction) {
  return supports(pointwise_part(layer), direction);
}

std::unique_ptr<Kernel> prepare(const SeparableConv2D& layer, const PrepareContext& context) {
  return std::make_unique<SeparableKernel>(
      layer, context, [](const auto& part, const PrepareContext& of) { return prepare(part, of); });
}

}  // namespace petal::reference
