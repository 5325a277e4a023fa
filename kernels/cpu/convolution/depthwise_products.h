#pragma once

#include <cstdint>

namespace petal::cpu {

// Sums, channel by channel, of the products of some columns of a gradient with the columns of src that `taps`
// neighbouring places of a kernel meet:
//   to[k * step + c] += sum over columns t of src[(t * stride + k) * step + c] * gradient[t * step + c]
// for taps k and channels c below `channels`. In AVX2 alone: ask has_avx2() first.
struct DepthwiseProducts {
  const float* src;
  const float* gradient;
  float* to;
  std::int64_t step;  // from column to column, and from tap to tap
  std::int64_t channels;
  std::int64_t stride;  // in columns
};

inline constexpr int most_product_columns = 5;
using DepthwiseProductFunction = void (*)(const DepthwiseProducts&);
// How many taps one call takes at best: 3 for strides 1 and 2, else 1.
int product_taps(std::int64_t stride);
// For 1 to 5 columns; taps 1, or product_taps(stride).
DepthwiseProductFunction depthwise_product_function(int columns, int taps, std::int64_t stride);

}  // namespace petal::cpu
