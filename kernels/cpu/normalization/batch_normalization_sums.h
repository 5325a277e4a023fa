#pragma once

#include "kernels/cpu/activation/activation_gradient.h"
#include "kernels/cpu/channel_sums.h"
#include "kernels/cpu/normalization/batch_normalization.h"

namespace petal::cpu {

// What forward leaves in the workspace, and what the first of the two backward kernels leaves for the second:
// both need the sums over each channel of diff_dst and of diff_dst * (src - mean).
struct Kept {
  Kept(const NormalizedRows& rows, std::byte* workspace)
      : gradient(reinterpret_cast<double*>(workspace)),
        product(gradient + rows.channels),
        mean(reinterpret_cast<float*>(product + rows.channels)),
        inverse_deviation(mean + rows.channels),
        scale(inverse_deviation + rows.channels),
        shift(scale + rows.channels),
        summed_by(reinterpret_cast<Direction*>(shift + rows.channels)) {}

  double *gradient, *product;
  float *mean, *inverse_deviation;
  float *scale, *shift;  // dst = activation((src - mean) * scale + shift)
  Direction* summed_by;  // forward: the sums are not there

  static std::size_t bytes(const NormalizedRows& rows) {
    return static_cast<std::size_t>(rows.channels) * (2 * sizeof(double) + 4 * sizeof(float)) +
           sizeof(Direction);
  }
};

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

}  // namespace petal::cpu
