#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution.h"

namespace petal::cpu {

Support supports(const DepthwiseConv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

// Keras's depthwise kernel (kh, kw, C, multiplier) is, byte for byte, the (kh, kw, 1, C * multiplier) of a
// convolution with a group a channel.
KernelPointer prepare(const DepthwiseConv2D& layer, const Device& device, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  return prepare_convolution({resolve_window(where(context.node), {src[1], src[2]}, layer.kernel,
                                             layer.strides, layer.dilation, layer.padding),
                              src.back(), layer.use_bias, layer.activation},
                             device, context);
}

}  // namespace petal::cpu
