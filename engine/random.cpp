#include "engine/random.h"

#include <cmath>
#include <numbers>

namespace petal {

RandomStream::RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t epoch,
                           std::uint32_t sample, std::uint32_t layer)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      // The purpose has eight bits of the last word, the layer the rest: layers beyond 2^24 do not occur.
      counter_{0, sample, epoch, (layer << 8) | static_cast<std::uint32_t>(purpose)} {}

std::array<std::uint32_t, 4> RandomStream::block(std::uint32_t index) const {
  return philox({index, counter_[1], counter_[2], counter_[3]}, key_);
}

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
