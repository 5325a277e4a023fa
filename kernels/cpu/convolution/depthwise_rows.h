#pragma once

#include <cstdint>

namespace petal::cpu {

// One row of a depthwise 3x3 convolution's dst: (columns, channels), channels a multiple of 8.
struct DepthwiseRow {
  // The rows of src under the window, 1 to 3 of them, each (src_columns, channels); those in the padding are
  // left out.
  const float* src[3];
  int rows;
  const float* weights;  // (rows, 3, channels), of these rows
  const float* bias;     // (channels), or null
  float* dst;
  std::int64_t src_columns, columns, channels;
  std::int64_t stride;   // 1 or 2
  std::int64_t padding;  // columns of zeros on the left; on the right as many as are wanted
  float least, most;     // dst is cut to these
};

// In AVX2 alone: ask has_avx2() first.
void run_depthwise_row(const DepthwiseRow& row);

}  // namespace petal::cpu
