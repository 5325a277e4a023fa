#pragma once

#include <cstdint>

namespace petal::cpu {

// Some rows of a depthwise 3x3 convolution's dst, of one image and of some of its channels, a multiple of 8.
struct DepthwiseRows {
  // Rows of the image, src_columns pixels each: row y is the one at (y - src_first) % src_held. Those that
  // the windows reach are there.
  const float* src;
  std::int64_t src_first, src_held;
  std::int64_t src_rows, src_columns;  // of the whole image
  const float* weights;                // (3, 3, channels), src_step
  const float* bias;                   // (channels), or null
  float* dst;                          // rows [begin, end), (columns, channels) each, pixels dst_step apart
  std::int64_t begin, end, columns, channels;
  std::int64_t src_step, dst_step;  // elements from one pixel to the next; of the weights too the latter
  std::int64_t row_stride, stride;  // of columns: 1 or 2
  std::int64_t top, left;           // rows and columns of zeros; below and on the right as many as are wanted
  float least, most;                // dst is cut to these
};

// A few channels through all the rows, then the next: what neighbouring rows share stays in the first cache.
// Ask has_avx2() first.
void run_depthwise_rows(const DepthwiseRows& rows);

}  // namespace petal::cpu
