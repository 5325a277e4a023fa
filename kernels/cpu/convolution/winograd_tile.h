#pragma once

#include <cstdint>

namespace petal::cpu {

// Small convolutions with fewer multiplications (Toom 1963, Cook 1966; Winograd 1980; for networks Lavin and
// Gray 2016): neighbours along a dimension and the `taps` numbers of the kernel, each as a polynomial's
// values at some points, are multiplied point by point, and points - taps + 1 neighbours of dst follow from
// the products. The points are 0, infinity and +-5/8, +-7/4 (of ten points: +-3/8, +-7/8, +-5/4, +-2): a
// search over such dyadic numbers found them to have the smallest rounding errors, a third of those of
// Lavin's +-1 and +-2 (as Barabasz et al. 2018 and Alam et al. 2022 did).
constexpr std::int64_t points_of(std::int64_t taps) {
  if (taps == 1) return 1;  // nothing to gain along a kernel of one row
  return taps == 7 ? 10 : 6;
}
// How many neighbours of dst a tile gives.
constexpr std::int64_t tile_length(std::int64_t taps) {
  return points_of(taps) - taps + 1;
}
inline constexpr std::int64_t most_winograd_points = 36, most_winograd_pixels = 16;  // of a tile

// A kernel's numbers (taps of the height, of the width), each `tap_step` elements from the next, to its
// values at the points, each `point_step` from the next: for 8 pairs of channel and filter side by side.
struct WinogradKernelTile {
  const float* kernel;
  std::int64_t tap_step;
  float* values;
  std::int64_t point_step;
};

// Of one tile, for channels in vectors. The points of both dimensions lie one behind the other,
// those of the width innermost, each `step` elements from the next.
struct WinogradSrcTile {
  const float* const* src;  // pixels (points of the height, of the width): each a row of channels
  std::int64_t channels;    // a multiple of the vectors'
  float* values;            // of the first point
  std::int64_t step;
};
struct WinogradDstTile {
  const float* products;  // of the first point
  std::int64_t step;
  std::int64_t filters;  // a multiple of the vectors'
  const float* bias;     // (filters), or null
  // Pixels (tile's height, width), each a row of filters; null behind dst's edge.
  const float* const* residual;  // null: none
  float* const* dst;
  float least, most;  // dst is cut to these
};

struct WinogradTileFunctions {
  void (*kernel)(const WinogradKernelTile& tile);
  void (*src)(const WinogradSrcTile& tile);
  void (*dst)(const WinogradDstTile& tile);
};
// For a kernel of this size: 3 or 5 by 1, 3 or 5 and the other way round, 7x1, 1x7; null functions for
// others. In vectors of 8, or `wide` ones of 16: ask has_avx2() or has_avx512() first.
WinogradTileFunctions winograd_tile_functions(std::int64_t height, std::int64_t width, bool wide);

}  // namespace petal::cpu
