#include <algorithm>
#include <cmath>

#include "kernels/cpu/normalization/batch_normalization_sums.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// The gradient in front of the activation, from the one behind it and z, what the activation is given.
template <ActivationFunction activation>
PETAL_INLINE float gate(float z, float gradient) {
  if constexpr (activation == ActivationFunction::relu) return z > 0.0f ? gradient : 0.0f;
  if constexpr (activation == ActivationFunction::relu6) return z > 0.0f && z < 6.0f ? gradient : 0.0f;
  return gradient;
}

// Over each channel, the sums of the gradient in front of the activation, and of it times (src - mean).
class GradientSums {
 public:
  GradientSums(const NormalizedRows& rows, ActivationFunction activation)
      : rows_(rows), activation_(activation), sums_(rows) {}

  std::size_t bytes() const { return sums_.bytes(); }

  // Into kept.gradient and kept.product, where the kernel of the other direction has not left them.
  void run(const float* src, const float* diff_dst, Direction direction, const Kept& kept,
           std::byte* scratch) const {
    const bool there = *kept.summed_by != Direction::forward && *kept.summed_by != direction;
    *kept.summed_by = there ? Direction::forward : direction;
    if (there) return;
#pragma omp parallel for schedule(static) if (rows_.rows * rows_.channels >= worth_threads)
    for (std::int64_t chunk = 0; chunk < sums_.cut.chunks; ++chunk) {
      with_cut(activation_, [&](auto activation) {
        sum_chunk<decltype(activation)::value>(src, kept, diff_dst, chunk, scratch);
      });
    }
    double* sums = kept.gradient;  // both arrays lie one behind the other
    std::fill_n(sums, 2 * rows_.channels, 0.0);
    for (std::int64_t chunk = 0; chunk < sums_.cut.chunks; ++chunk) {
      const double* more = sums_.first(scratch, chunk);
      for (std::int64_t c = 0; c < 2 * rows_.channels; ++c) sums[c] += more[c];
    }
  }

 private:
  template <ActivationFunction activation>
  void sum_chunk(const float* src, const Kept& kept, const float* diff_dst, std::int64_t chunk,
                 std::byte* scratch) const {
    const std::int64_t channels = rows_.channels;
    double* sums = sums_.first(scratch, chunk);
    float *gradient = sums_.block(scratch, chunk), *product = gradient + channels;
    const float *mean = kept.mean, *scale = kept.scale, *shift = kept.shift;
    std::fill_n(sums, 2 * channels, 0.0);
    sums_.cut.blocks(chunk, [&](std::int64_t first, std::int64_t count) {
      std::fill_n(gradient, 2 * channels, 0.0f);
      run_in_vectors([&]() PETAL_LOOP {
        for (std::int64_t row = first; row < first + count; ++row) {
          const float *x = src + row * channels, *g = diff_dst + row * channels;
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) {
            const float centred = x[c] - mean[c];
            const float before = gate<activation>(centred * scale[c] + shift[c], g[c]);
            gradient[c] += before;
            product[c] += before * centred;
          }
        }
      });
      for (std::int64_t c = 0; c < 2 * channels; ++c) sums[c] += static_cast<double>(gradient[c]);
    });
  }

  NormalizedRows rows_;
  ActivationFunction activation_;
  ChunkSums sums_;
};

// With normal = (src - mean) / deviation, the statistics moving with src:
// diff_src = gamma / deviation * (diff_dst - mean(diff_dst) - normal * mean(diff_dst * normal)).
class TrainingBackwardData final : public Kernel {
 public:
  TrainingBackwardData(const BatchNormalization& layer, ActivationFunction activation,
                       const PrepareContext& context)
      : rows_(layer, context), activation_(activation), sums_(rows_, activation) {
    sums_scratch_ = scratch_.add(sums_.bytes());
    factors_ = scratch_.add(2 * rows_.channel_bytes());
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const Kept kept(rows_, bindings.workspace);
    const float *src = floats(bindings.src[0]), *diff_dst = floats(bindings.diff_dst);
    sums_.run(src, diff_dst, Direction::backward_data, kept, bindings.scratch + sums_scratch_);
    const auto count = static_cast<double>(rows_.rows);
    float* slope = floats(bindings.scratch + factors_);
    float* offset = slope + rows_.channels;
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      const auto inverse = static_cast<double>(kept.inverse_deviation[c]);
      slope[c] = static_cast<float>(kept.product[c] / count * inverse * inverse);
      offset[c] = static_cast<float>(kept.gradient[c] / count);
    }
    with_cut(activation_, [&](auto activation) {
      apply<decltype(activation)::value>(src, diff_dst, kept, slope, offset, floats(bindings.diff_src[0]));
    });
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return "loops"; }

 private:
  template <ActivationFunction activation>
  void apply(const float* src, const float* diff_dst, const Kept& kept, const float* slope,
             const float* offset, float* diff_src) const {
    const std::int64_t channels = rows_.channels;
    const float *mean = kept.mean, *scale = kept.scale, *shift = kept.shift;
    for_blocks_backwards(rows_.rows, channels, [&](std::int64_t first, std::int64_t end) {
      run_in_vectors([&]() PETAL_LOOP {
        for (std::int64_t row = first; row < end; ++row) {
          const float *x = src + row * channels, *g = diff_dst + row * channels;
          float* to = diff_src + row * channels;
#pragma omp simd
          for (std::int64_t c = 0; c < channels; ++c) {
            const float centred = x[c] - mean[c];
            const float before = gate<activation>(centred * scale[c] + shift[c], g[c]);
            to[c] = (before - offset[c] - centred * slope[c]) * scale[c];
          }
        }
      });
    });
  }

  NormalizedRows rows_;
  ActivationFunction activation_;
  GradientSums sums_;
  ScratchLayout scratch_;
  std::size_t sums_scratch_, factors_;
};

// diff_gamma is the sum of diff_dst * normal, diff_beta that of diff_dst. With frozen statistics too.
class BackwardWeights final : public Kernel {
 public:
  BackwardWeights(const BatchNormalization& layer, ActivationFunction activation,
                  const PrepareContext& context)
      : rows_(layer, context),
        weights_(context),
        of_batch_(context.mode == Mode::training && context.node.trainable),
        sums_(rows_, activation) {
    sums_scratch_ = scratch_.add(sums_.bytes());
    moving_ = scratch_.add(Kept::bytes(rows_));
  }

  void run(const Bindings& bindings) override {
    const Kept kept = of_batch_ ? Kept(rows_, bindings.workspace) : moving(bindings);
    sums_.run(floats(bindings.src[0]), floats(bindings.diff_dst), Direction::backward_weights, kept,
              bindings.scratch + sums_scratch_);
    float* diff_gamma = floats(rows_.gamma(bindings.diff_weights));
    float* diff_beta = floats(rows_.beta(bindings.diff_weights));
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      if (diff_gamma) {
        diff_gamma[c] = static_cast<float>(kept.product[c] * static_cast<double>(kept.inverse_deviation[c]));
      }
      if (diff_beta) diff_beta[c] = static_cast<float>(kept.gradient[c]);
    }
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return "loops"; }

 private:
  Kept moving(const Bindings& bindings) const {
    const Kept kept(rows_, bindings.scratch + moving_);
    *kept.summed_by = Direction::forward;
    const float* mean = floats(weights_(bindings)[rows_.first_statistic()]);
    const float* variance = floats(weights_(bindings)[rows_.first_statistic() + 1]);
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      const double shifted = static_cast<double>(variance[c]) + static_cast<double>(rows_.layer.epsilon);
      kept.mean[c] = mean[c];
      kept.inverse_deviation[c] = static_cast<float>(1 / std::sqrt(shifted));
    }
    return kept;
  }

  NormalizedRows rows_;
  RunWeights weights_;
  bool of_batch_;
  GradientSums sums_;
  ScratchLayout scratch_;
  std::size_t sums_scratch_, moving_;
};

}  // namespace

KernelPointer prepare_batch_normalization_gradient(const BatchNormalization& layer,
                                                   ActivationFunction activation,
                                                   const PrepareContext& context) {
  if (context.direction == Direction::backward_weights) {
    return std::make_unique<BackwardWeights>(layer, activation, context);
  }
  return std::make_unique<TrainingBackwardData>(layer, activation, context);
}

}  // namespace petal::cpu
