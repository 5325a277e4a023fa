#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/convolution.h"

namespace petal::cpu {

Support supports(const Conv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

Convolution as_convolution(const Conv2D& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  return {resolve_window(where(context.node), {src[1], src[2]}, layer.kernel, layer.strides, layer.dilation,
                         layer.padding),
          layer.groups, layer.use_bias, layer.activation};
}

KernelPointer prepare(const Conv2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_convolution(as_convolution(layer, context), device, context);
}

}  // namespace petal::cpu
