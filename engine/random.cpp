#include "engine/random.h"

#include <cmath>
#include <numbers>

namespace petal {

float RandomStream::normal(std::uint32_t position) const {
  // Two draws a number: the pair of Box-Muller's transform is not shared, so that access stays random.
  const std::array<std::uint32_t, 4> bits = block(position / 2);
  const std::size_t half = (position % 2) * 2;
  const double radius_draw = (static_cast<double>(bits[half]) + 1.0) * 0x1p-32;
  const double angle_draw = static_cast<double>(bits[half + 1]) * 0x1p-32;
  return static_cast<float>(std::sqrt(-2.0 * std::log(radius_draw)) *
                            std::cos(2.0 * std::numbers::pi * angle_draw));
}

}  // namespace petal
