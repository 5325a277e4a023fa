#include "kernels/cpu/normalization/batch_normalization.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/activation/activation_gradient.h"
#include "kernels/cpu/channel_sums.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// What one channel is multiplied with and added, from the moving statistics.
struct Channels {
  float *mean, *scale, *shift;
};

// The weights' part of the kernels that use the moving statistics: constant ones are taken once, bound ones
// at each run.
class MovingStatistics {
 public:
  MovingStatistics(const NormalizedRows& rows, const PrepareContext& context) : rows_(rows) {
    if (!context.constant_weights) return;
    prepared_ = Buffer(bytes());
    take(RunWeights(context)({}), prepared_.data());
  }

  Channels channels(const Bindings& bindings) const {
    if (prepared_.size() > 0) return parts(prepared_.data());
    return take(bindings.weights, bindings.scratch);
  }

  std::size_t scratch_bytes() const { return prepared_.size() > 0 ? 0 : bytes(); }

 private:
  std::size_t bytes() const { return 3 * rows_.channel_bytes(); }

  Channels parts(std::byte* bytes) const {
    float* begin = floats(bytes);
    return {begin, begin + rows_.channels, begin + 2 * rows_.channels};
  }

  Channels take(std::span<const std::byte* const> weights, std::byte* bytes) const {
    const Channels channels = parts(bytes);
    const float* gamma = floats(rows_.gamma(weights));
    const float* beta = floats(rows_.beta(weights));
    const float* mean = floats(weights[rows_.first_statistic()]);
    const float* variance = floats(weights[rows_.first_statistic() + 1]);
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      const double deviation =
          std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(rows_.layer.epsilon));
      channels.mean[c] = mean[c];
      channels.scale[c] = static_cast<float>((gamma ? static_cast<double>(gamma[c]) : 1.0) / deviation);
      channels.shift[c] = beta ? beta[c] : 0.0f;
    }
    return channels;
  }

  NormalizedRows rows_;
  Buffer prepared_;
};

// An own loop: memory-bound, and oneDNN's is slower in NHWC.
class BatchNormalizationForward final : public Kernel {
 public:
  BatchNormalizationForward(const BatchNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), statistics_(rows_, context) {}

  void run(const Bindings& bindings) override {
    const Channels channels = statistics_.channels(bindings);
    normalize(rows_, floats(bindings.src[0]), {channels.mean, channels.scale, channels.shift},
              ActivationFunction::linear, floats(bindings.dst));
  }

  std::size_t scratch_bytes() const override { return statistics_.scratch_bytes(); }
  std::string implementation() const override { return "loops"; }
  int in_place_input() const override { return 0; }

 private:
  NormalizedRows rows_;
  MovingStatistics statistics_;
};

// A multiplication: the statistics do not depend on src.
class BatchNormalizationBackwardData final : public Kernel {
 public:
  BatchNormalizationBackwardData(const BatchNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), statistics_(rows_, context) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const Channels channels = statistics_.channels(bindings);
    const float* diff_dst = floats(bindings.diff_dst);
    float* diff_src = floats(bindings.diff_src[0]);
    const std::int64_t count = rows_.channels;
#pragma omp parallel for schedule(static) if (rows_.rows * count >= worth_threads)
    for (std::int64_t row = 0; row < rows_.rows; ++row) {
#pragma omp simd
      for (std::int64_t c = 0; c < count; ++c) {
        diff_src[row * count + c] = diff_dst[row * count + c] * channels.scale[c];
      }
    }
  }

  std::size_t scratch_bytes() const override {
    return statistics_.scratch_bytes();
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  NormalizedRows rows_;
  MovingStatistics statistics_;
};

}  // namespace

namespace {

// In this order a NaN stays one.
template <ActivationFunction activation>
PETAL_INLINE float cut(float z) {
  if constexpr (activation == ActivationFunction::relu6) z = z > 6.0f ? 6.0f : z;
  if constexpr (activation != ActivationFunction::linear) z = z < 0.0f ? 0.0f : z;
  return z;
}

}  // namespace

void normalize(const NormalizedRows& rows, const float* src, const ChannelFactors& factors,
               ActivationFunction activation, float* dst) {
  const auto [mean, scale, shift] = factors;
  const std::int64_t channels = rows.channels;
  with_cut(activation, [&](auto function) {
    for_blocks_backwards(rows.rows, channels, [&](std::int64_t first, std::int64_t end) {
      run_in_vectors([&]() PETAL_LOOP {
        for (std::int64_t row = first; row < end; ++row) {
          const float* from = src + row * channels;
          float* to = dst + row * channels;
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) {
            to[c] = cut<decltype(function)::value>((from[c] - mean[c]) * scale[c] + shift[c]);
          }
        }
      });
    });
  });
}

bool is_normalized_activation(ActivationFunction activation) {
  return activation == ActivationFunction::linear || activation == ActivationFunction::relu ||
         activation == ActivationFunction::relu6;
}

KernelPointer prepare_normalized_activation(std::span<const PrepareContext> chain) {
  if (chain.size() != 2 || chain[0].mode != Mode::training || !chain[0].node.trainable) return nullptr;
  const auto* layer = std::get_if<BatchNormalization>(&chain[0].node.layer);
  const auto* activation = std::get_if<Activation>(&chain[1].node.layer);
  if (!layer || !activation || !is_normalized_activation(activation->function)) return nullptr;
  return prepare_batch_normalization_training(*layer, activation->function, chain[0]);
}

Support supports(const BatchNormalization&, Direction) {
  return {};
}

KernelPointer prepare(const BatchNormalization& layer, const Device&, const PrepareContext& context) {
  const bool of_batch = context.mode == Mode::training && context.node.trainable;
  if (of_batch || context.direction == Direction::backward_weights) {
    return prepare_batch_normalization_training(layer, ActivationFunction::linear, context);
  }
  if (context.direction == Direction::forward) {
    return std::make_unique<BatchNormalizationForward>(layer, context);
  }
  return std::make_unique<BatchNormalizationBackwardData>(layer, context);
}

}  // namespace petal::cpu
