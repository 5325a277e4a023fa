#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

ConvolutionGeometry geometry_of(const Conv2D& layer, std::string_view where, const Shape& shape) {
  const Image src(shape);
  const Window window = resolve_window(where, {src.height, src.width}, layer.kernel, layer.strides,
                                       layer.dilation, layer.padding);
  Image dst = src;
  dst.height = window.output.height;
  dst.width = window.output.width;
  dst.channels = layer.filters;
  return {src, dst, window, layer.groups};
}

Support supports(const Conv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Conv2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_convolution(device, context,
                             {.geometry = geometry_of(layer, context.node.name, context.src[0].shape),
                              .use_bias = layer.use_bias,
                              .activation = layer.activation,
                              .kernel_type = kernel_type_of(context)});
}

}  // namespace petal::cuda
