#include "engine/resize.h"

#include <algorithm>
#include <cmath>

namespace petal {

std::vector<ResizeTap> resize_taps(std::int64_t src, std::int64_t dst, Interpolation interpolation) {
  const float scale = static_cast<float>(src) / static_cast<float>(dst);
  std::vector<ResizeTap> taps;
  for (std::int64_t i = 0; i < dst; ++i) {
    const float centre = (static_cast<float>(i) + 0.5f) * scale;
    if (interpolation == Interpolation::nearest) {
      const std::int64_t pixel = std::min(static_cast<std::int64_t>(std::floor(centre)), src - 1);
      taps.push_back({pixel, pixel, 0.0f});
      continue;
    }
    const float at = centre - 0.5f;
    const auto lower = static_cast<std::int64_t>(std::floor(at)),
               upper = static_cast<std::int64_t>(std::ceil(at));
    taps.push_back({std::max<std::int64_t>(lower, 0), std::min(upper, src - 1), at - std::floor(at)});
  }
  return taps;
}

}  // namespace petal
