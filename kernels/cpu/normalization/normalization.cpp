#include <algorithm>
#include <cmath>

#include "kernels/cpu/normalization/batch_normalization.h"

namespace petal::cpu {
namespace {

// The mean and the factor of each channel, constant ones made once, bound ones at each run.
class ChannelMoments {
 public:
  ChannelMoments(const Normalization& layer, const PrepareContext& context)
      : layer_(layer), channels_(context.dst.shape.back()) {
    if (!layer.mean.empty()) {
      prepared_ = Buffer(bytes());
      take(layer.mean.data(), layer.variance.data(), layer.mean.size() == 1, floats(prepared_.data()));
    } else if (context.constant_weights) {
      prepared_ = Buffer(bytes());
      take(context.weights[0]->values().data(), context.weights[1]->values().data(), !layer.by_channel,
           floats(prepared_.data()));
    }
  }

  // The means, and behind them the factors.
  const float* operator()(const Bindings& bindings) const {
    if (prepared_.size() > 0) return floats(prepared_.data());
    float* made = floats(bindings.scratch);
    take(floats(bindings.weights[0]), floats(bindings.weights[1]), !layer_.by_channel, made);
    return made;
  }
  std::size_t scratch_bytes() const { return prepared_.size() > 0 ? 0 : bytes(); }
  std::int64_t channels() const { return channels_; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(2 * channels_) * sizeof(float); }

  void take(const float* mean, const float* variance, bool one, float* made) const {
    for (std::int64_t c = 0; c < channels_; ++c) {
      const std::int64_t from = one ? 0 : c;
      const double deviation = std::sqrt(static_cast<double>(variance[from]));
      made[c] = mean[from];
      made[channels_ + c] = static_cast<float>(1 / std::max(deviation, 1e-7));
    }
  }

  Normalization layer_;
  std::int64_t channels_;
  Buffer prepared_;
};

class NormalizationForward final : public Kernel {
 public:
  NormalizationForward(const Normalization& layer, const PrepareContext& context)
      : moments_(layer, context), rows_(context.dst.shape.elements() / moments_.channels()) {}

  void run(const Bindings& bindings) override {
    const float *mean = moments_(bindings), *factor = mean + moments_.channels();
    const std::int64_t channels = moments_.channels();
#pragma omp parallel for schedule(static) if (rows_ * channels >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const float* src = floats(bindings.src[0]) + row * channels;
      float* dst = floats(bindings.dst) + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) dst[c] = (src[c] - mean[c]) * factor[c];
    }
  }

  std::size_t scratch_bytes() const override {
    return moments_.scratch_bytes();
  }
  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  ChannelMoments moments_;
  std::int64_t rows_;
};

class NormalizationBackward final : public Kernel {
 public:
  NormalizationBackward(const Normalization& layer, const PrepareContext& context)
      : moments_(layer, context), rows_(context.dst.shape.elements() / moments_.channels()) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const std::int64_t channels = moments_.channels();
    const float* factor = moments_(bindings) + channels;
#pragma omp parallel for schedule(static) if (rows_ * channels >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const float* diff_dst = floats(bindings.diff_dst) + row * channels;
      float* diff_src = floats(bindings.diff_src[0]) + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) diff_src[c] = diff_dst[c] * factor[c];
    }
  }

  std::size_t scratch_bytes() const override {
    return moments_.scratch_bytes();
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  ChannelMoments moments_;
  std::int64_t rows_;
};

}  // namespace

Support supports(const Normalization&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Normalization& layer, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<NormalizationForward>(layer, context);
  return std::make_unique<NormalizationBackward>(layer, context);
}

}  // namespace petal::cpu
