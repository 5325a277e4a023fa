#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution.h"
#include "kernels/cpu/depthwise_backward.h"
#include "kernels/cpu/depthwise_forward.h"

namespace petal::cpu {

Support supports(const DepthwiseConv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

// Keras's depthwise kernel (kh, kw, C, multiplier) is, byte for byte, the (kh, kw, 1, C * multiplier) of a
// convolution with a group a channel.
KernelPointer prepare(const DepthwiseConv2D& layer, const Device& device, const PrepareContext& context) {
  const Convolution convolution = as_convolution(layer, context);
  const auto prepare_own = context.direction == Direction::forward ? prepare_depthwise_forward
                           : context.direction == Direction::backward_data
                               ? prepare_depthwise_data_gradient
                               : prepare_depthwise_weights_gradient;
  if (KernelPointer own = prepare_own(convolution, device, context)) return own;
  return prepare_convolution(convolution, device, context);
}

}  // namespace petal::cpu
