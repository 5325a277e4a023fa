#include <optional>

#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/convolution_weights_gradient.h"
#include "kernels/cpu/convolution/gemm_convolution.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/pre_activation_gradient.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

class ConvolutionBackwardData final : public Kernel {
 public:
  ConvolutionBackwardData(const Convolution& convolution, const Device& device, const PrepareContext& context)
      : gradient_(convolution.activation, device, context, scratch_) {
    const std::string name = where(context.node);
    const KernelDescriptors kernel = kernel_descriptors(convolution, context);
    const Descriptor src = image(context.src[0].shape, context.src[0].type);
    const Descriptor dst = image(context.dst.shape, context.dst.type);
    const auto descriptor =
        PETAL_ONEDNN(name, convolution_backward_data(device.engine, src, kernel.wanted, dst,
                                                     window_dims(convolution.window), attributes()));
    const Descriptor packed = descriptor.weights_desc();
    step_ = Step(device, name, descriptor,
                 {{DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DIFF_SRC, src}}, scratch_);
    kernel_ = PackedWeights(device, name, kernel.given, packed,
                            context.constant_weights ? context.weights[0] : nullptr, scratch_);
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const std::byte* bound = bindings.weights.empty() ? nullptr : bindings.weights[0];
    step_.bind(DNNL_ARG_DIFF_DST, gradient_.run(bindings));
    step_.bind(DNNL_ARG_WEIGHTS, kernel_.prepare(bound, bindings.scratch));
    step_.bind(DNNL_ARG_DIFF_SRC, bindings.diff_src[0]);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  PreActivationGradient gradient_;
  Step step_;
  PackedWeights kernel_;
};

// The kernel's gradient comes in the layout of oneDNN's choice and is taken to Keras's from scratch.
class ConvolutionBackwardWeights final : public Kernel {
 public:
  ConvolutionBackwardWeights(const Convolution& convolution, const Device& device,
                             const PrepareContext& context)
      : gradient_(convolution.activation, device, context, scratch_) {
    const std::string name = where(context.node);
    const KernelDescriptors kernel = kernel_descriptors(convolution, context);
    const Descriptor src = image(context.src[0].shape, context.src[0].type);
    const Descriptor dst = image(context.dst.shape, context.dst.type);
    const Descriptor bias = convolution.use_bias ? vector(context.dst.shape.back()) : Descriptor();
    const auto descriptor =
        PETAL_ONEDNN(name, convolution_backward_weights(device.engine, src, kernel.wanted, bias, dst,
                                                        window_dims(convolution.window), attributes()));
    const Descriptor packed = descriptor.diff_weights_desc();
    Step::Arguments arguments = {
        {DNNL_ARG_SRC, src}, {DNNL_ARG_DIFF_DST, dst}, {DNNL_ARG_DIFF_WEIGHTS, packed}};
    if (convolution.use_bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias);
    step_ = Step(device, name, descriptor, arguments, scratch_);
    if (packed == kernel.given) return;
    packed_ = scratch_.add(packed.get_size());
    const auto reordering = PETAL_ONEDNN(
        name,
        dnnl::reorder::primitive_desc(device.engine, packed, device.engine, kernel.given, attributes()));
    reorder_ =
        Step(device, name, reordering, {{DNNL_ARG_FROM, packed}, {DNNL_ARG_TO, kernel.given}}, scratch_);
  }

  void run(const Bindings& bindings) override {
    std::byte* const diff_kernel = bindings.diff_weights[0];
    std::byte* const written = reorder_ ? bindings.scratch + packed_ : diff_kernel;
    step_.bind(DNNL_ARG_SRC, bindings.src[0]);
    step_.bind(DNNL_ARG_DIFF_DST, gradient_.run(bindings));
    step_.bind(DNNL_ARG_DIFF_WEIGHTS, written);
    if (bindings.diff_weights.size() > 1) step_.bind(DNNL_ARG_DIFF_BIAS, bindings.diff_weights[1]);
    step_.run(bindings.scratch);
    if (!reorder_) return;
    reorder_->bind(DNNL_ARG_FROM, written);
    reorder_->bind(DNNL_ARG_TO, diff_kernel);
    reorder_->run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  PreActivationGradient gradient_;
  Step step_;
  std::optional<Step> reorder_;
  std::size_t packed_ = 0;
};

}  // namespace

KernelPointer prepare_convolution_backward(const Convolution& convolution, const Device& device,
                                           const PrepareContext& context) {
  if (context.direction == Direction::backward_data) {
    if (KernelPointer own = prepare_gemm_convolution(convolution, device, context)) return own;
    return std::make_unique<ConvolutionBackwardData>(convolution, device, context);
  }
  if (KernelPointer own = prepare_weights_gradient(convolution, device, context)) return own;
  return std::make_unique<ConvolutionBackwardWeights>(convolution, device, context);
}

KernelPointer prepare_bfloat16_convolution_backward(const Convolution& convolution, const Device& device,
                                                    const PrepareContext& context) {
  if (!has_avx512() || !is_all_bfloat16(context)) return nullptr;
  KernelPointer kernel;
  if (context.direction == Direction::backward_data) {
    kernel = std::make_unique<ConvolutionBackwardData>(convolution, device, context);
  } else {
    kernel = std::make_unique<ConvolutionBackwardWeights>(convolution, device, context);
  }
  return is_reference(kernel->implementation()) ? nullptr : std::move(kernel);
}

}  // namespace petal::cpu
