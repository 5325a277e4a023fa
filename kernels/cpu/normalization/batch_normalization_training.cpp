#include <cmath>

#include "kernels/cpu/normalization/batch_normalization_sums.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

class TrainingForward final : public Kernel {
 public:
  TrainingForward(const BatchNormalization& layer, ActivationFunction activation,
                  const PrepareContext& context)
      : rows_(layer, context), activation_(activation), weights_(context), sums_(rows_) {}

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    std::byte* scratch = bindings.scratch;
#pragma omp parallel for schedule(static) if (rows_.rows * rows_.channels >= worth_threads)
    for (std::int64_t chunk = 0; chunk < sums_.cut.chunks; ++chunk) measure(src, chunk, scratch);
    combine(scratch);
    const Kept kept(rows_, bindings.workspace);
    *kept.summed_by = Direction::forward;
    take(bindings, sums_.first(scratch, 0), sums_.second(scratch, 0), kept);
    normalize(rows_, src, {kept.mean, kept.scale, kept.shift}, activation_, floats(bindings.dst));
  }

  std::size_t scratch_bytes() const override {
    return sums_.bytes();
  }
  std::size_t workspace_bytes() const override {
    return Kept::bytes(rows_);
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
    run_in_vectors([&]() PETAL_LOOP {
      for (std::int64_t row = 0; row < count; ++row) {
        const float* x = src + row * channels;
#pragma omp simd
        for (std::int64_t c = 0; c < channels; ++c) mean[c] += x[c];
      }
      const float share = 1.0f / static_cast<float>(count);
      for (std::int64_t c = 0; c < channels; ++c) mean[c] *= share;
      for (std::int64_t row = 0; row < count; ++row) {
        const float* x = src + row * channels;
#pragma omp simd
        for (std::int64_t c = 0; c < channels; ++c) {
          const float centred = x[c] - mean[c];
          squares[c] += centred * centred;
        }
      }
    });
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

  void take(const Bindings& bindings, const double* mean, const double* squares, const Kept& kept) const {
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
      kept.scale[c] =
          gamma ? static_cast<float>(static_cast<double>(gamma[c]) * inverse) : kept.inverse_deviation[c];
      kept.shift[c] = beta ? beta[c] : 0.0f;
      move(moving_mean[c], mean[c]);
      move(moving_variance[c], variance);
    }
  }

  NormalizedRows rows_;
  ActivationFunction activation_;
  RunWeights weights_;
  ChunkSums sums_;
};

}  // namespace

KernelPointer prepare_batch_normalization_training(const BatchNormalization& layer,
                                                   ActivationFunction activation,
                                                   const PrepareContext& context) {
  if (context.direction != Direction::forward) {
    return prepare_batch_normalization_gradient(layer, activation, context);
  }
  return std::make_unique<TrainingForward>(layer, activation, context);
}

}  // namespace petal::cpu
