#include <optional>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/copy.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

class ActivationForward final : public Kernel {
 public:
  ActivationForward(const Activation& layer, const Device& device, const PrepareContext& context) {
    const Shape& shape = context.dst.shape;
    step_ = activation_forward(device, where(context.node), layer.function, shape.elements() / shape.back(),
                               shape.back(), scratch_);
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

class ActivationBackward final : public Kernel {
 public:
  ActivationBackward(const Activation& layer, const Device& device, const PrepareContext& context) {
    const Shape& shape = context.dst.shape;
    step_ = activation_backward(device, where(context.node), layer.function, shape.elements() / shape.back(),
                                shape.back(), scratch_);
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    step_.bind(DNNL_ARG_DST, bindings.dst);
    step_.bind(DNNL_ARG_DIFF_DST, bindings.diff_dst);
    step_.bind(DNNL_ARG_DIFF_SRC, bindings.diff_src[0]);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  Step step_;
};

// diff_src = dst * (diff_dst - sum over the row of diff_dst * dst). An own loop: oneDNN has fast code for it
// on processors with AVX-512 alone.
class SoftmaxBackward final : public Kernel {
 public:
  explicit SoftmaxBackward(const PrepareContext& context)
      : channels_(context.dst.shape.back()), rows_(context.dst.shape.elements() / context.dst.shape.back()) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const std::int64_t channels = channels_;
#pragma omp parallel for schedule(static) if (rows_ * channels >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const float* dst = floats(bindings.dst) + row * channels;
      const float* diff_dst = floats(bindings.diff_dst) + row * channels;
      float* diff_src = floats(bindings.diff_src[0]) + row * channels;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t c = 0; c < channels; ++c) sum += diff_dst[c] * dst[c];
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) diff_src[c] = dst[c] * (diff_dst[c] - sum);
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  std::int64_t channels_, rows_;
};

}  // namespace

Support supports(const Activation&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context) {
  if (layer.function == ActivationFunction::linear) return prepare_copy(context);
  if (context.direction == Direction::forward) {
    return std::make_unique<ActivationForward>(layer, device, context);
  }
  if (layer.function == ActivationFunction::softmax) return std::make_unique<SoftmaxBackward>(context);
  return std::make_unique<ActivationBackward>(layer, device, context);
}

}  // namespace petal::cpu
