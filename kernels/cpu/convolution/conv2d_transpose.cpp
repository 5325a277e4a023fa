#include <optional>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/pre_activation_gradient.h"
#include "kernels/cpu/product_forward.h"

namespace petal::cpu {
namespace {

// The layer's arrays as oneDNN's deconvolution takes them.
struct Deconvolution {
  Deconvolution(const Conv2DTranspose& layer, const PrepareContext& context)
      : name(where(context.node)),
        window(transposed_window(layer, name, {context.src[0].shape[1], context.src[0].shape[2]})),
        src(image(context.src[0].shape)),
        dst(image(context.dst.shape)),
        bias(layer.use_bias ? vector(layer.filters) : Descriptor()) {
    const std::int64_t channels = context.src[0].shape.back(), filters = layer.filters;
    const auto [height, width] = layer.kernel;
    const Dims dims = {filters, channels, height, width};
    const Dims strides = {channels, 1, width * filters * channels, filters * channels};
    const auto type = dnnl::memory::data_type::f32;
    given = Descriptor(dims, type, strides);  // Keras's (kh, kw, filters, C)
    wanted = Descriptor(dims, type, dnnl::memory::format_tag::any);
  }

  std::string name;
  Window window;
  Descriptor src, dst, bias, given, wanted;
};

class TransposeBackwardData final : public Kernel {
 public:
  TransposeBackwardData(const Conv2DTranspose& layer, const Device& device, const PrepareContext& context)
      : gradient_(layer.activation, device, context, scratch_) {
    const Deconvolution of(layer, context);
    const auto descriptor =
        PETAL_ONEDNN(of.name, deconvolution_backward_data(device.engine, of.src, of.wanted, of.dst,
                                                          window_dims(of.window), attributes()));
    const Descriptor packed = descriptor.weights_desc();
    step_ = Step(device, of.name, descriptor,
                 {{DNNL_ARG_DIFF_DST, of.dst}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DIFF_SRC, of.src}},
                 scratch_);
    kernel_ = PackedWeights(device, of.name, of.given, packed,
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
class TransposeBackwardWeights final : public Kernel {
 public:
  TransposeBackwardWeights(const Conv2DTranspose& layer, const Device& device, const PrepareContext& context)
      : gradient_(layer.activation, device, context, scratch_) {
    const Deconvolution of(layer, context);
    const auto descriptor =
        PETAL_ONEDNN(of.name, deconvolution_backward_weights(device.engine, of.src, of.wanted, of.bias,
                                                             of.dst, window_dims(of.window), attributes()));
    const Descriptor packed = descriptor.diff_weights_desc();
    Step::Arguments arguments = {
        {DNNL_ARG_SRC, of.src}, {DNNL_ARG_DIFF_DST, of.dst}, {DNNL_ARG_DIFF_WEIGHTS, packed}};
    if (layer.use_bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, of.bias);
    step_ = Step(device, of.name, descriptor, arguments, scratch_);
    if (packed == of.given) return;
    packed_ = scratch_.add(packed.get_size());
    const auto reordering = PETAL_ONEDNN(
        of.name, dnnl::reorder::primitive_desc(device.engine, packed, device.engine, of.given, attributes()));
    reorder_ =
        Step(device, of.name, reordering, {{DNNL_ARG_FROM, packed}, {DNNL_ARG_TO, of.given}}, scratch_);
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

Support supports(const Conv2DTranspose& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Conv2DTranspose& layer, const Device& device, const PrepareContext& context) {
  if (context.direction == Direction::backward_data) {
    return std::make_unique<TransposeBackwardData>(layer, device, context);
  }
  if (context.direction == Direction::backward_weights) {
    return std::make_unique<TransposeBackwardWeights>(layer, device, context);
  }
  const Deconvolution of(layer, context);
  const dnnl::post_ops operations = epilogue(context.node.fused_residual, layer.activation);
  const auto descriptor =
      PETAL_ONEDNN(of.name, deconvolution_forward(device.engine, of.src, of.wanted, of.bias, of.dst,
                                                  window_dims(of.window), attributes(operations)));
  return std::make_unique<ProductForward>(device, context, descriptor, of.given, of.bias);
}

}  // namespace petal::cpu
