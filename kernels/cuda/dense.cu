#include "kernels/cuda/convolution/convolution.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const Dense& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Dense& layer, const Device& device, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  const Index rows = src.elements() / src.back();
  const Window pixel{
      .input = {1, 1}, .output = {1, 1}, .kernel = {1, 1}, .strides = {1, 1}, .dilation = {1, 1}};
  return prepare_convolution(device, context,
                             {.geometry = {Image(rows, src.back()), Image(rows, layer.units), pixel},
                              .use_bias = layer.use_bias,
                              .activation = layer.activation,
                              .kernel_type = kernel_type_of(context)});
}

}  // namespace petal::cuda
