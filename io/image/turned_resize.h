#pragma once

#include <cstdint>
#include <vector>

#include "io/image/resize.h"

namespace petal {

// resize_bilinear of what turn_upright makes of an image whose stored rows come one by one, to the bit: each
// output pixel lies between the same four, blended in the same order, so nothing need be held or turned.
class TurnedResizer {
 public:
  // From stored rows (src_height, src_width, 3) of that EXIF orientation, 1 to 8, to the upright dst,
  // (height, width, 3). Throws Error where a side is below 1.
  TurnedResizer(std::int64_t src_height, std::int64_t src_width, int orientation, std::int64_t height,
                std::int64_t width, float* dst);
  // The next stored row, (src_width, 3), the top one first. After the last all of dst is assigned.
  void push(const std::uint8_t* row);

 private:
  using Tap = BilinearResizer::Tap;
  void write_line(const std::uint8_t* lower, const std::uint8_t* upper, float weight) const;

  bool transposed_;         // a line, what a pair of stored rows gives, is a column of dst, else a row
  std::vector<Tap> along_;  // where a line's pixels lie in a stored row, in order of dst
  std::vector<Tap> lines_;  // between which stored rows the lines lie, in the order in which they come
  std::int64_t pixel_step_, line_step_;  // of dst, from one pixel of a line, and from one line, to the next
  float* dst_;                           // the next line's
  std::size_t written_ = 0;              // lines
  std::int64_t pushed_ = 0;
  std::vector<std::uint8_t> before_;  // the last row, where the next line needs it again
};

}  // namespace petal
