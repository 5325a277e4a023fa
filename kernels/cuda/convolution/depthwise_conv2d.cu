#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const DepthwiseConv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const DepthwiseConv2D& layer, const Device& device, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Window window = resolve_window(context.node.name, {src.height, src.width}, layer.kernel,
                                       layer.strides, layer.dilation, layer.padding);
  return prepare_convolution(device, context,
                             {.geometry = {src, Image(context.dst.shape), window, src.channels},
                              .use_bias = layer.use_bias,
                              .activation = layer.activation,
                              .kernel_type = kernel_type_of(context)});
}

}  // namespace petal::cuda
