#include <algorithm>
#include <cmath>

#include "kernels/cpu/batch_normalization.h"
#include "kernels/cpu/channel_sums.h"

namespace petal::cpu {
namespace {

// What forward leaves for backward in the workspace.
struct Kept {
  Kept(const NormalizedRows& rows, std::byte* workspace)
      : mean(floats(workspace)), inverse_deviation(floats(workspace) + rows.channels) {}
  float *mean, *inverse_deviation;
};

std::size_t kept_bytes(const NormalizedRows& rows) {
  return 2 * rows.channel_bytes();
}

// Two numbers a channel from each chunk, and room for a block's.
class ChunkSums {
 public:
  ChunkSums(const NormalizedRows& rows) : cut(rows.rows, rows.channels), channels_(rows.channels) {}

  std::size_t bytes() const { return static_cast<std::size_t>(cut.chunks) * chunk_bytes(); }
  double* first(std::byte* scratch, std::int64_t chunk) const {
    return reinterpret_cast<double*>(scratch + static_cast<std::size_t>(chunk) * chunk_bytes());
  }
  double* second(std::byte* scratch, std::int64_t chunk) const { return first(scratch, chunk) + channels_; }
  float* block(std::byte* scratch, std::int64_t chunk) const {
    return reinterpret_cast<float*>(second(scratch, chunk) + channels_);
  }

  const RowChunks cut;

 private:
  std::size_t chunk_bytes() const {
    const std::size_t bytes = static_cast<std::size_t>(channels_) * (2 * sizeof(double) + 2 * sizeof(float));
    return (bytes + Buffer::alignment - 1) / Buffer::alignment * Buffer::alignment;
  }
  std::int64_t channels_;
};

class TrainingForward final : public Kernel {
 public:
  TrainingForward(const BatchNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), weights_(context), sums_(rows_) {
    chunk_scratch_ = scratch_.add(sums_.bytes());
    factors_ = scratch_.add(2 * rows_.channel_bytes());
  }

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    std::byte* scratch = bindings.scratch + chunk_scratch_;
#pragma omp parallel for schedule(static) if (rows_.rows * rows_.channels >= worth_threads)
    for (std::int64_t chunk = 0; chunk < sums_.cut.chunks; ++chunk) measure(src, chunk, scratch);
    combine(scratch);
    const Kept kept(rows_, bindings.workspace);
    float* scale = floats(bindings.scratch + factors_);
    float* shift = scale + rows_.channels;
    take(bindings, sums_.first(scratch, 0), sums_.second(scratch, 0), kept, scale, shift);
    normalize(rows_, src, kept.mean, scale, shift, floats(bindings.dst));
  }

  std::size_t scratch_bytes() const override {
    return scratch_.bytes();
  }
  std::size_t workspace_bytes() const override {
    return kept_bytes(rows_);
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  // The chunk's mean, and the sum of the squares about it: block by block (Chan, Golub & LeVeque 1979), so
  // that a mean far from zero costs no digits.
  void measure(const float* src, std::int64_t chunk, std::byte* scratch) const {
    double *mean = sums_.first(scratch, chunk), *squares = sums_.second(scratch, chunk);
    float *block_mean = sums_.block(scratch, chunk), *block_squares = block_mean + rows_.channels;
    const std::int64_t channels = rows_.channels;
    std::fill_n(mean, 2 * channels, 0.0);
    std::int64_t before = 0;
    sums_.cut.blocks(chunk, [&](std::int64_t row, std::int64_t count) {
      measure_block(src + row * channels, count, block_mean, block_squares);
      for (std::int64_t c = 0; c < channels; ++c) {
        merge(before, count, static_cast<double>(block_mean[c]), static_cast<double>(block_squares[c]),
              mean[c], squares[c]);
      }
      before += count;
    });
  }

  void measure_block(const float* src, std::int64_t count, float* mean, float* squares) const {
    const std::int64_t channels = rows_.channels;
    std::fill_n(mean, channels, 0.0f);
    std::fill_n(squares, channels, 0.0f);
    for (std::int64_t row = 0; row < count; ++row) {
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) mean[c] += src[row * channels + c];
    }
    const float share = 1.0f / static_cast<float>(count);
    for (std::int64_t c = 0; c < channels; ++c) mean[c] *= share;
    for (std::int64_t row = 0; row < count; ++row) {
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) {
        const float centred = src[row * channels + c] - mean[c];
        squares[c] += centred * centred;
      }
    }
  }

  // Of `before` elements with (mean, squares) and `count` more.
  static void merge(std::int64_t before, std::int64_t count, double more_mean, double more_squares,
                    double& mean, double& squares) {
    const double all = static_cast<double>(before + count);
    const double share = static_cast<double>(count) / all;
    const double distance = more_mean - mean;
    mean += distance * share;
    squares += more_squares + distance * distance * share * static_cast<double>(before);
  }

  // All chunks into the first.
  void combine(std::byte* scratch) const {
    double *mean = sums_.first(scratch, 0), *squares = sums_.second(scratch, 0);
    for (std::int64_t chunk = 1; chunk < sums_.cut.chunks; ++chunk) {
      const double *more_mean = sums_.first(scratch, chunk), *more_squares = sums_.second(scratch, chunk);
      const std::int64_t before = chunk * sums_.cut.chunk_rows;
      const std::int64_t count = std::min(sums_.cut.chunk_rows, rows_.rows - before);
      for (std::int64_t c = 0; c < rows_.channels; ++c) {
        merge(before, count, more_mean[c], more_squares[c], mean[c], squares[c]);
      }
    }
  }

  void take(const Bindings& bindings, const double* mean, const double* squares, const Kept& kept,
            float* scale, float* shift) const {
    const float* gamma = floats(rows_.gamma(weights_(bindings)));
    const float* beta = floats(rows_.beta(weights_(bindings)));
    float *moving_mean = bindings.statistics[0], *moving_variance = bindings.statistics[1];
    const auto momentum = static_cast<double>(rows_.layer.momentum);
    const auto move = [momentum](float& moving, double batch) {
      moving = static_cast<float>(static_cast<double>(moving) * momentum + batch * (1 - momentum));
    };
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      const double variance = squares[c] / static_cast<double>(rows_.rows);
      const double inverse = 1 / std::sqrt(variance + static_cast<double>(rows_.layer.epsilon));
      kept.mean[c] = static_cast<float>(mean[c]);
      kept.inverse_deviation[c] = static_cast<float>(inverse);
      scale[c] =
          gamma ? static_cast<float>(static_cast<double>(gamma[c]) * inverse) : kept.inverse_deviation[c];
      shift[c] = beta ? beta[c] : 0.0f;
      move(moving_mean[c], mean[c]);
      move(moving_variance[c], variance);
    }
  }

  NormalizedRows rows_;
  RunWeights weights_;
  ChunkSums sums_;
  ScratchLayout scratch_;
  std::size_t chunk_scratch_, factors_;
};

// Over each channel, the sums of diff_dst and of diff_dst * (src - mean).
class GradientSums {
 public:
  GradientSums(const NormalizedRows& rows) : rows_(rows), sums_(rows) {}

  std::size_t bytes() const { return sums_.bytes(); }

  struct Result {
    const double *gradient, *product;
  };
  Result run(const float* src, const float* mean, const float* diff_dst, std::byte* scratch) const {
#pragma omp parallel for schedule(static) if (rows_.rows * rows_.channels >= worth_threads)
    for (std::int64_t chunk = 0; chunk < sums_.cut.chunks; ++chunk) {
      sum_chunk(src, mean, diff_dst, chunk, scratch);
    }
    double* sums = sums_.first(scratch, 0);  // both arrays lie one behind the other
    for (std::int64_t chunk = 1; chunk < sums_.cut.chunks; ++chunk) {
      const double* more = sums_.first(scratch, chunk);
      for (std::int64_t c = 0; c < 2 * rows_.channels; ++c) sums[c] += more[c];
    }
    return {sums, sums_.second(scratch, 0)};
  }

 private:
  void sum_chunk(const float* src, const float* mean, const float* diff_dst, std::int64_t chunk,
                 std::byte* scratch) const {
    const std::int64_t channels = rows_.channels;
    double* sums = sums_.first(scratch, chunk);
    float *gradient = sums_.block(scratch, chunk), *product = gradient + channels;
    std::fill_n(sums, 2 * channels, 0.0);
    sums_.cut.blocks(chunk, [&](std::int64_t first, std::int64_t count) {
      std::fill_n(gradient, 2 * channels, 0.0f);
      for (std::int64_t row = first; row < first + count; ++row) {
        const float *x = src + row * channels, *g = diff_dst + row * channels;
#pragma omp simd
        for (std::int64_t c = 0; c < channels; ++c) {
          gradient[c] += g[c];
          product[c] += g[c] * (x[c] - mean[c]);
        }
      }
      for (std::int64_t c = 0; c < 2 * channels; ++c) sums[c] += static_cast<double>(gradient[c]);
    });
  }

  NormalizedRows rows_;
  ChunkSums sums_;
};

// With normal = (src - mean) / deviation, the statistics moving with src:
// diff_src = gamma / deviation * (diff_dst - mean(diff_dst) - normal * mean(diff_dst * normal)).
class TrainingBackwardData final : public Kernel {
 public:
  TrainingBackwardData(const BatchNormalization& layer, const PrepareContext& context)
      : rows_(layer, context), weights_(context), sums_(rows_) {
    sums_scratch_ = scratch_.add(sums_.bytes());
    factors_ = scratch_.add(3 * rows_.channel_bytes());
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const Kept kept(rows_, bindings.workspace);
    const float *src = floats(bindings.src[0]), *diff_dst = floats(bindings.diff_dst);
    const auto sums = sums_.run(src, kept.mean, diff_dst, bindings.scratch + sums_scratch_);
    const float* gamma = floats(rows_.gamma(weights_(bindings)));
    const auto count = static_cast<double>(rows_.rows);
    float* scale = floats(bindings.scratch + factors_);
    float *slope = scale + rows_.channels, *offset = slope + rows_.channels;
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      const auto inverse = static_cast<double>(kept.inverse_deviation[c]);
      scale[c] = static_cast<float>((gamma ? static_cast<double>(gamma[c]) : 1.0) * inverse);
      slope[c] = static_cast<float>(sums.product[c] / count * inverse * inverse);
      offset[c] = static_cast<float>(sums.gradient[c] / count);
    }
    apply(src, diff_dst, kept.mean, scale, slope, offset, floats(bindings.diff_src[0]));
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return "loops"; }

 private:
  void apply(const float* src, const float* diff_dst, const float* mean, const float* scale,
             const float* slope, const float* offset, float* diff_src) const {
    const std::int64_t channels = rows_.channels;
#pragma omp parallel for schedule(static) if (rows_.rows * channels >= worth_threads)
    for (std::int64_t row = 0; row < rows_.rows; ++row) {
      const float *x = src + row * channels, *g = diff_dst + row * channels;
      float* to = diff_src + row * channels;
#pragma omp simd
      for (std::int64_t c = 0; c < channels; ++c) {
        to[c] = (g[c] - offset[c] - (x[c] - mean[c]) * slope[c]) * scale[c];
      }
    }
  }

  NormalizedRows rows_;
  RunWeights weights_;
  GradientSums sums_;
  ScratchLayout scratch_;
  std::size_t sums_scratch_, factors_;
};

// diff_gamma is the sum of diff_dst * normal, diff_beta that of diff_dst. With frozen statistics too.
class BackwardWeights final : public Kernel {
 public:
  BackwardWeights(const BatchNormalization& layer, const PrepareContext& context)
      : rows_(layer, context),
        weights_(context),
        of_batch_(context.mode == Mode::training && context.node.trainable),
        sums_(rows_) {
    sums_scratch_ = scratch_.add(sums_.bytes());
    moving_ = scratch_.add(kept_bytes(rows_));
  }

  void run(const Bindings& bindings) override {
    const Kept kept = of_batch_ ? Kept(rows_, bindings.workspace) : moving(bindings);
    const auto sums = sums_.run(floats(bindings.src[0]), kept.mean, floats(bindings.diff_dst),
                                bindings.scratch + sums_scratch_);
    float* diff_gamma = floats(rows_.gamma(bindings.diff_weights));
    float* diff_beta = floats(rows_.beta(bindings.diff_weights));
    for (std::int64_t c = 0; c < rows_.channels; ++c) {
      if (diff_gamma) {
        diff_gamma[c] = static_cast<float>(sums.product[c] * static_cast<double>(kept.inverse_deviation[c]));
      }
      if (diff_beta) diff_beta[c] = static_cast<float>(sums.gradient[c]);
    }
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return "loops"; }

 private:
  Kept moving(const Bindings& bindings) const {
    const Kept kept(rows_, bindings.scratch + moving_);
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

KernelPointer prepare_batch_normalization_training(const BatchNormalization& layer,
                                                   const PrepareContext& context) {
  switch (context.direction) {
    case Direction::backward_data:
      return std::make_unique<TrainingBackwardData>(layer, context);
    case Direction::backward_weights:
      return std::make_unique<BackwardWeights>(layer, context);
    case Direction::forward:
      break;
  }
  return std::make_unique<TrainingForward>(layer, context);
}

}  // namespace petal::cpu
