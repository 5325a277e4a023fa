#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/depthwise_forward.h"

namespace petal::cpu {

Support supports(const DepthwiseConv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

// Keras's depthwise kernel (kh, kw, C, multiplier) is, byte for byte, the (kh, kw, 1, C * multiplier) of a
// convolution with a group a channel.
KernelPointer prepare(const DepthwiseConv2D& layer, const Device& device, const PrepareContext& context) {
  const Convolution convolution = as_convolution(layer, context);
  if (context.direction == Direction::forward) {
    if (KernelPointer own = prepare_depthwise_forward(convolution, device, context)) return own;
  }
  return prepare_convolution(convolution, device, context);
}

}  // namespace petal::cpu
