#include <algorithm>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/convolution/gemm_convolution.h"
#include "kernels/cpu/pre_activation_gradient.h"
#include "kernels/cpu/product_forward.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// Constant kernels by our own product where it is the faster one: a convolution of 1x1 over images of a
// pixel.
KernelPointer prepare_own(const Dense& layer, const Device& device, const PrepareContext& context) {
  if (!context.constant_weights || context.src[0].type != DataType::f32) return nullptr;
  const Size2D one = {1, 1};
  const Window pixel = {
      .input = one, .output = one, .kernel = one, .strides = one, .dilation = one, .padding = {}};
  return prepare_gemm_convolution({pixel, 1, layer.use_bias, layer.activation}, device, context);
}

// Matrix products: as fast as oneDNN's inner product, and Keras's (D, units) needs no reordering for any
// direction.
KernelPointer prepare_forward(const Dense& layer, const Device& device, const PrepareContext& context) {
  const DataType type = context.src[0].type;
  const std::int64_t batch = context.src[0].shape[0], width = context.src[0].shape.back();
  const Descriptor kernel = matrix(width, layer.units, given_kernel_type(context));
  const Descriptor packed =
      Descriptor({width, layer.units}, onednn_type(type), dnnl::memory::format_tag::any);
  const Descriptor bias = layer.use_bias ? matrix(1, layer.units) : Descriptor();
  const auto descriptor = PETAL_ONEDNN(
      where(context.node),
      matmul(device.engine, matrix(batch, width, type), context.constant_weights ? packed : kernel, bias,
             matrix(batch, layer.units, context.dst.type),
             attributes(epilogue(context.node.fused_residual, layer.activation))));
  return std::make_unique<ProductForward>(device, context, descriptor, kernel, bias);
}

Step product(const Device& device, const std::string& where, const Descriptor& a, const Descriptor& b,
             const Descriptor& result, ScratchLayout& scratch) {
  const auto descriptor =
      PETAL_ONEDNN(where, matmul(device.engine, a, b, Descriptor(), result, attributes()));
  return Step(device, where, descriptor, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, result}},
              scratch);
}

// The gradient before the activation, of dst's type, and as the products want it: of src's.
class ProductGradient {
 public:
  ProductGradient(const Dense& layer, const Device& device, const PrepareContext& context,
                  ScratchLayout& scratch)
      : gradient_(layer.activation, device, context, scratch), elements_(context.dst.shape.elements()) {
    if (context.src[0].type == context.dst.type) return;
    is_rounded_ = true;
    rounded_ = scratch.add(TensorDescription{context.src[0].type, context.dst.shape}.bytes());
  }

  const std::byte* run(const Bindings& bindings) { return gradient_.run(bindings); }
  const std::byte* for_products(const std::byte* gradient, std::byte* scratch) const {
    if (!is_rounded_) return gradient;
    narrow(floats(gradient), elements_, scratch + rounded_);
    return scratch + rounded_;
  }

 private:
  PreActivationGradient gradient_;
  std::int64_t elements_;
  bool is_rounded_ = false;
  std::size_t rounded_ = 0;
};

// diff_src (N, D) = gradient (N, units) * kernel^T
class DenseBackwardData final : public Kernel {
 public:
  DenseBackwardData(const Dense& layer, const Device& device, const PrepareContext& context)
      : gradient_(layer, device, context, scratch_) {
    const std::int64_t batch = context.src[0].shape[0], width = context.src[0].shape.back();
    const DataType type = context.src[0].type;
    step_ = product(device, where(context.node), matrix(batch, layer.units, type),
                    transposed_matrix(layer.units, width, type), matrix(batch, width, type), scratch_);
    kernel_ = PackedWeights(
        device, where(context.node), matrix(width, layer.units, given_kernel_type(context)),
        matrix(width, layer.units, type), context.constant_weights ? context.weights[0] : nullptr, scratch_);
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    step_.bind(DNNL_ARG_SRC, gradient_.for_products(gradient_.run(bindings), bindings.scratch));
    step_.bind(DNNL_ARG_WEIGHTS,
               kernel_.prepare(bindings.weights.empty() ? nullptr : bindings.weights[0], bindings.scratch));
    step_.bind(DNNL_ARG_DST, bindings.diff_src[0]);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  ProductGradient gradient_;
  Step step_;
  PackedWeights kernel_;
};

// diff_kernel (D, units) = src^T * gradient; diff_bias is the gradient summed over N. Both are float32.
class DenseBackwardWeights final : public Kernel {
 public:
  DenseBackwardWeights(const Dense& layer, const Device& device, const PrepareContext& context)
      : batch_(context.src[0].shape[0]), units_(layer.units), gradient_(layer, device, context, scratch_) {
    const std::int64_t width = context.src[0].shape.back();
    const DataType type = context.src[0].type;
    step_ = product(device, where(context.node), transposed_matrix(width, batch_, type),
                    matrix(batch_, units_, type), matrix(width, units_), scratch_);
  }

  void run(const Bindings& bindings) override {
    const std::byte* gradient = gradient_.run(bindings);
    if (bindings.diff_weights[0]) {
      step_.bind(DNNL_ARG_SRC, bindings.src[0]);
      step_.bind(DNNL_ARG_WEIGHTS, gradient_.for_products(gradient, bindings.scratch));
      step_.bind(DNNL_ARG_DST, bindings.diff_weights[0]);
      step_.run(bindings.scratch);
    }
    if (bindings.diff_weights.size() > 1 && bindings.diff_weights[1]) {
      sum_rows(floats(gradient), floats(bindings.diff_weights[1]));
    }
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  void sum_rows(const float* gradient, float* diff_bias) const {
    std::copy_n(gradient, units_, diff_bias);
    for (std::int64_t n = 1; n < batch_; ++n) {
      for (std::int64_t u = 0; u < units_; ++u) diff_bias[u] += gradient[n * units_ + u];
    }
  }

  std::int64_t batch_, units_;
  ScratchLayout scratch_;
  ProductGradient gradient_;
  Step step_;
};

// Of bfloat16 src: forward into either type, backward from float32 dst, as vectors are.
bool takes_bfloat16(const PrepareContext& context) {
  if (context.direction == Direction::forward) return takes_bfloat16_product(context);
  return has_avx512() && context.src[0].type == DataType::bf16 && context.dst.type == DataType::f32;
}

}  // namespace

Support supports(const Dense& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Dense& layer, const Device& device, const PrepareContext& context) {
  switch (context.direction) {
    case Direction::backward_data:
      return std::make_unique<DenseBackwardData>(layer, device, context);
    case Direction::backward_weights:
      return std::make_unique<DenseBackwardWeights>(layer, device, context);
    case Direction::forward:
      break;
  }
  if (KernelPointer own = prepare_own(layer, device, context)) return own;
  return prepare_forward(layer, device, context);
}

KernelPointer prepare_bfloat16(const Dense& layer, const Device& device, const PrepareContext& context) {
  if (!takes_bfloat16(context)) return nullptr;
  KernelPointer kernel = prepare(layer, device, context);
  return is_reference(kernel->implementation()) ? nullptr : std::move(kernel);
}

}  // namespace petal::cpu
