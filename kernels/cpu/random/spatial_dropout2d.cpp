#include "engine/random.h"
#include "kernels/cpu/layout/copy.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// Draws a factor a channel into scratch, for forward and, the same again, for backward.
class SpatialDropoutKernel : public Kernel {
 public:
  SpatialDropoutKernel(const SpatialDropout2D& layer, const PrepareContext& context)
      : rate_(layer.rate),
        layer_(context.layer),
        batch_(context.dst.shape[0]),
        area_(context.dst.shape[1] * context.dst.shape[2]),
        channels_(context.dst.shape[3]) {}

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(batch_ * channels_) * sizeof(float);
  }
  std::string implementation() const override { return "loops"; }

 protected:
  void drop(const RunContext& context, const float* from, float* to, float* factors) const {
    for (std::int64_t n = 0; n < batch_; ++n) {
      const auto sample = context.samples.empty() ? static_cast<std::uint32_t>(n)
                                                  : context.samples[static_cast<std::size_t>(n)];
      const RandomStream random(context.seed, RandomPurpose::dropout, context.epoch, sample, layer_);
      for (std::int64_t c = 0; c < channels_; ++c) {
        const bool kept = random.uniform(static_cast<std::uint32_t>(c)) >= rate_;
        factors[n * channels_ + c] = kept ? 1.0f / (1.0f - rate_) : 0.0f;
      }
    }
#pragma omp parallel for schedule(static) if (batch_ * area_ * channels_ >= worth_threads)
    for (std::int64_t row = 0; row < batch_ * area_; ++row) {
      const float* factor = factors + row / area_ * channels_;
#pragma omp simd
      for (std::int64_t c = 0; c < channels_; ++c) {
        to[row * channels_ + c] = from[row * channels_ + c] * factor[c];
      }
    }
  }

 private:
  float rate_;
  std::uint32_t layer_;
  std::int64_t batch_, area_, channels_;
};

class SpatialDropoutForward final : public SpatialDropoutKernel {
 public:
  using SpatialDropoutKernel::SpatialDropoutKernel;
  void run(const Bindings& bindings) override {
    drop(*bindings.context, floats(bindings.src[0]), floats(bindings.dst), floats(bindings.scratch));
  }
  int in_place_input() const override { return 0; }
};

class SpatialDropoutBackward final : public SpatialDropoutKernel {
 public:
  using SpatialDropoutKernel::SpatialDropoutKernel;
  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    drop(*bindings.context, floats(bindings.diff_dst), floats(bindings.diff_src[0]),
         floats(bindings.scratch));
  }
};

}  // namespace

Support supports(const SpatialDropout2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const SpatialDropout2D& layer, const Device&, const PrepareContext& context) {
  if (context.mode == Mode::inference || !context.node.trainable) return prepare_copy(context);
  if (context.direction == Direction::forward) return std::make_unique<SpatialDropoutForward>(layer, context);
  return std::make_unique<SpatialDropoutBackward>(layer, context);
}

}  // namespace petal::cpu
