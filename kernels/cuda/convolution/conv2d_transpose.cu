#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const Conv2DTranspose& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Conv2DTranspose& layer, const Device& device, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Window window = transposed_window(layer, context.node.name, {src.height, src.width});
  return prepare_transposed(device, context,
                            {.geometry = {Image(context.dst.shape), src, window},
                             .use_bias = layer.use_bias,
                             .activation = layer.activation,
                             .kernel_type = kernel_type_of(context)});
}

}  // namespace petal::cuda
