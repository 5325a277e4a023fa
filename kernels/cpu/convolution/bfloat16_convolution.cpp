#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/product_forward.h"

namespace petal::cpu {

KernelPointer prepare_bfloat16(const Conv2D& layer, const Device& device, const PrepareContext& context) {
  const Convolution convolution = as_convolution(layer, context);
  // On an emulated processor with AVX512-BF16 oneDNN 2.6 lost sums of 3x3 kernels in four groups.
  if (convolution.groups > 1) return nullptr;
  if (context.direction != Direction::forward)
    return prepare_bfloat16_convolution_backward(convolution, device, context);
  if (!takes_bfloat16_product(context)) return nullptr;
  const KernelDescriptors kernel = kernel_descriptors(convolution, context);
  const Descriptor bias = convolution.use_bias ? vector(context.dst.shape.back()) : Descriptor();
  const dnnl::post_ops operations = epilogue(context.node.fused_residual, convolution.activation);
  const auto descriptor =
      PETAL_ONEDNN(where(context.node),
                   convolution_forward(device.engine, image(context.src[0].shape, DataType::bf16),
                                       kernel.wanted, bias, image(context.dst.shape, context.dst.type),
                                       window_dims(convolution.window), attributes(operations)));
  if (is_reference(descriptor.impl_info_str())) return nullptr;
  return std::make_unique<ProductForward>(device, context, descriptor, kernel.given, bias);
}

}  // namespace petal::cpu
