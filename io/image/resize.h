#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace petal {

// resize_bilinear of an image whose rows come one by one, so that it need not be held.
class BilinearResizer {
 public:
  // From (src_height, src_width, 3) to dst, (height, width, 3). Throws Error where a side is below 1.
  BilinearResizer(std::int64_t src_height, std::int64_t src_width, std::int64_t height, std::int64_t width,
                  float* dst);
  // The next row of the source, (src_width, 3), the top one first. After the last all of dst is assigned.
  void push(const std::uint8_t* row);

  // Between which two places of the source an output position lies, as offsets into it, and how far from the
  // lower one. `upper` is a step after `lower`, or `lower` itself: there `weight` is zero, or the source
  // ends.
  struct Tap {
    std::int64_t lower = 0;
    std::int64_t upper = 0;
    float weight = 0;
  };
  // Of `size` places over `src_size`, offsets in units of `step`. Throws Error where a size is below 1.
  static std::vector<Tap> taps(std::int64_t src_size, std::int64_t size, std::int64_t step);

 private:
  // A row of the source at the output's width.
  struct Row {
    std::int64_t index = -1;
    std::vector<float> values;
  };
  static void interpolate_avx2(const std::uint8_t* row, const Tap* tap, std::int64_t count, float* out);
  void interpolate(const std::uint8_t* row, float* out) const;

  std::vector<Tap> across_, down_;
  std::size_t interior_ = 0;   // of `across_`, those that wide reads can serve
  std::array<Row, 2> rows_{};  // the two last interpolated
  std::int64_t pushed_ = 0;
  std::size_t written_ = 0;  // rows of dst
  float* dst_;
};

}  // namespace petal
