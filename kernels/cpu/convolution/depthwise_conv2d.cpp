#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/depthwise_backward.h"
#include "kernels/cpu/convolution/depthwise_forward.h"

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
  KernelPointer kernel = prepare_convolution(convolution, device, context);
  // oneDNN's code for depthwise gradients is faster than ours, but it has none for dilated windows, nor
  // diff_weights for other than small ones.
  if (context.direction == Direction::forward || kernel->implementation().starts_with("jit_dw"))
    return kernel;
  KernelPointer own = prepare_depthwise_gradient(convolution, device, context);
  return own ? std::move(own) : std::move(kernel);
}

}  // namespace petal::cpu
