#pragma once

#include <cstdint>

namespace petal::cpu {

// What a convolution or a matrix product comes down to in registers: for some pixels of dst and a panel of
// filters, start + sum over taps and channels of src * weights. The rows of src lie anywhere, so nothing is
// laid out anew for a window ("implicit GEMM", Chetlur et al. 2014; the rows by pointers, Dukhan 2019).
struct GemmTile {
  const float* const* src;   // tap t's row of pixel p is src[t * src_step + p]; or null where
  const float* pitched_src;  // there is one tap, and its row of pixel p is pitched_src + p * src_step
  std::int64_t src_step;
  std::int64_t taps;
  std::int64_t first_channel, channels;  // of each row
  const float* weights;                  // (taps, channels, filters of the panel, in whole vectors)
  const float* bias;                     // (filters), or null
  const float* residual;                 // (pixels, filters) with dst_step, or null; may be dst
  float* dst;                            // (pixels, filters)
  std::int64_t dst_step;                 // elements from one pixel to the next
  std::int64_t last_filters;             // of the panel's last vector; all of it with AVX2
  bool first;                            // start with bias + residual; else with what dst holds
  bool last;                             // cut the sums to [least, most]
  float least, most;
};

// `count` tiles, one behind the other, each so many pixels (1 to gemm_tile_pixels) of a panel of `vectors`, 1
// to 3, of widest_lanes() filters. Ask has_avx2() first.
void run_gemm_tiles(const GemmTile& tile, std::int64_t pixels, int vectors, std::int64_t count);

// How many pixels fill the registers.
std::int64_t gemm_tile_pixels(int vectors);

}  // namespace petal::cpu
