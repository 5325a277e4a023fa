#include <algorithm>
#include <cmath>

#include "kernels/cpu/activation/elementwise.h"
#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/layout/copy.h"

namespace petal::cpu {
namespace {

class SoftmaxForward final : public Kernel {
 public:
  SoftmaxForward(bool logarithm, const Device& device, const PrepareContext& context) {
    const std::int64_t channels = context.dst.shape.back();
    const Descriptor data = matrix(context.dst.shape.elements() / channels, channels);
    const auto descriptor =
        PETAL_ONEDNN(where(context.node), softmax_forward(device.engine, data, 1, logarithm, attributes()));
    step_ =
        Step(device, where(context.node), descriptor, {{DNNL_ARG_SRC, data}, {DNNL_ARG_DST, data}}, scratch_);
  }

  void run(const Bindings& bindings) override {
    step_.bind(DNNL_ARG_SRC, bindings.src[0]);
    step_.bind(DNNL_ARG_DST, bindings.dst);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }
  int in_place_input() const override { return 0; }

 private:
  ScratchLayout scratch_;
  Step step_;
};

// softmax: diff_src = dst * (diff_dst - sum over the row of diff_dst * dst); log_softmax: diff_dst - exp(dst)
// * sum over the row of diff_dst. An own loop: oneDNN has fast code for it on processors with AVX-512 alone.
class SoftmaxBackward final : public Kernel {
 public:
  SoftmaxBackward(bool logarithm, const PrepareContext& context)
      : logarithm_(logarithm),
        channels_(context.dst.shape.back()),
        rows_(context.dst.shape.elements() / context.dst.shape.back()) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
#pragma omp parallel for schedule(static) if (rows_ * channels_ >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const float* dst = floats(bindings.dst) + row * channels_;
      const float* diff_dst = floats(bindings.diff_dst) + row * channels_;
      float* diff_src = floats(bindings.diff_src[0]) + row * channels_;
      (logarithm_ ? of_logarithm : of_softmax)(dst, diff_dst, channels_, diff_src);
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  static void of_softmax(const float* dst, const float* diff_dst, std::int64_t channels, float* diff_src) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t c = 0; c < channels; ++c) sum += diff_dst[c] * dst[c];
#pragma omp simd
    for (std::int64_t c = 0; c < channels; ++c) diff_src[c] = dst[c] * (diff_dst[c] - sum);
  }

  static void of_logarithm(const float* dst, const float* diff_dst, std::int64_t channels, float* diff_src) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t c = 0; c < channels; ++c) sum += diff_dst[c];
    for (std::int64_t c = 0; c < channels; ++c) diff_src[c] = diff_dst[c] - std::exp(dst[c]) * sum;
  }

  bool logarithm_;
  std::int64_t channels_, rows_;
};

// oneDNN's elu, which takes care of the exponentials, and a factor behind it.
class SeluForward final : public Kernel {
 public:
  SeluForward(const Device& device, const PrepareContext& context)
      : elu_(prepare_eltwise({{dnnl::algorithm::eltwise_elu, static_cast<float>(selu_alpha)}, {}}, device,
                             context)),
        elements_(context.dst.shape.elements()) {}

  void run(const Bindings& bindings) override {
    elu_->run(bindings);
    float* dst = floats(bindings.dst);
#pragma omp parallel for simd schedule(static) if (elements_ >= worth_threads)
    for (std::int64_t i = 0; i < elements_; ++i) dst[i] *= static_cast<float>(selu_scale);
  }

  std::size_t scratch_bytes() const override {
    return elu_->scratch_bytes();
  }
  std::string implementation() const override {
    return elu_->implementation();
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  KernelPointer elu_;
  std::int64_t elements_;
};

KernelPointer prepare_selu(const Device& device, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<SeluForward>(device, context);
  constexpr auto scale = static_cast<float>(selu_scale);
  constexpr auto end = static_cast<float>(selu_scale * selu_alpha);
  const auto none = [](float y) PETAL_LOOP { return y; };
  return prepare_elementwise(context, none, [](float y) PETAL_LOOP { return y > 0.0f ? scale : y + end; });
}

KernelPointer prepare_softsign(const PrepareContext& context) {
  return prepare_elementwise(
      context, [](float x) PETAL_LOOP { return x / (1.0f + std::abs(x)); },
      [](float y) PETAL_LOOP { return (1.0f - std::abs(y)) * (1.0f - std::abs(y)); });
}

KernelPointer prepare_hard_sigmoid(const PrepareContext& context) {
  return prepare_elementwise(
      context,
      [](float x) PETAL_LOOP {
        const float above = x + 3.0f > 0.0f ? x + 3.0f : 0.0f;
        return (above < 6.0f ? above : 6.0f) * (1.0f / 6.0f);
      },
      [](float y) PETAL_LOOP { return y > 0.0f && y < 1.0f ? 1.0f / 6.0f : 0.0f; });
}

}  // namespace

Support supports(const Activation&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context) {
  switch (layer.function) {
    case ActivationFunction::linear:
      return prepare_copy(context);
    case ActivationFunction::softmax:
    case ActivationFunction::log_softmax: {
      const bool logarithm = layer.function == ActivationFunction::log_softmax;
      if (context.direction != Direction::forward)
        return std::make_unique<SoftmaxBackward>(logarithm, context);
      return std::make_unique<SoftmaxForward>(logarithm, device, context);
    }
    case ActivationFunction::selu:
      return prepare_selu(device, context);
    case ActivationFunction::softsign:
      return prepare_softsign(context);
    case ActivationFunction::hard_sigmoid:
      return prepare_hard_sigmoid(context);
    default:
      return prepare_eltwise(eltwise(layer.function).value(), device, context);
  }
}

}  // namespace petal::cpu
