#include "kernels/cpu/convolution/convolution.h"

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/gemm_convolution.h"
#include "kernels/cpu/product_forward.h"

namespace petal::cpu {

WindowDims window_dims(const Window& window) {
  return {{window.kernel.height, window.kernel.width},
          {window.strides.height, window.strides.width},
          {window.dilation.height - 1, window.dilation.width - 1},
          {window.padding.top, window.padding.left},
          {window.padding.bottom, window.padding.right}};
}

KernelDescriptors kernel_descriptors(const Convolution& convolution, const PrepareContext& context) {
  const std::int64_t groups = convolution.groups, filters = context.dst.shape.back();
  const auto [height, width] = convolution.window.kernel;
  const std::int64_t inputs = context.src[0].shape.back() / groups, outputs = filters / groups;
  Dims dims = {outputs, inputs, height, width};
  Dims strides = {1, filters, width * inputs * filters, inputs * filters};
  if (groups > 1) {
    dims.insert(dims.begin(), groups);
    strides.insert(strides.begin(), outputs);
  }
  const bool is_gradient = context.direction == Direction::backward_weights;
  const DataType given = is_gradient ? DataType::f32 : given_kernel_type(context);
  const DataType wanted = is_gradient ? DataType::f32 : context.src[0].type;
  return {Descriptor(dims, onednn_type(given), strides),
          Descriptor(dims, onednn_type(wanted), dnnl::memory::format_tag::any)};
}

KernelPointer prepare_convolution(const Convolution& convolution, const Device& device,
                                  const PrepareContext& context) {
  if (context.direction != Direction::forward) {
    return prepare_convolution_backward(convolution, device, context);
  }
  if (KernelPointer own = prepare_gemm_convolution(convolution, device, context)) return own;
  const Shape &src = context.src[0].shape, &dst = context.dst.shape;
  const KernelDescriptors kernel = kernel_descriptors(convolution, context);
  const Descriptor bias = convolution.use_bias ? vector(dst.back()) : Descriptor();
  const dnnl::post_ops operations = epilogue(context.node.fused_residual, convolution.activation);
  const auto descriptor = PETAL_ONEDNN(
      where(context.node), convolution_forward(device.engine, image(src), kernel.wanted, bias, image(dst),
                                               window_dims(convolution.window), attributes(operations)));
  return std::make_unique<ProductForward>(device, context, descriptor, kernel.given, bias);
}

}  // namespace petal::cpu
