#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/random.h"

namespace petal::drawing {

// One number after the other from a RandomStream. Never two draws in one call's arguments: C++ leaves their
// order open.
class Draws {
 public:
  explicit Draws(const RandomStream& stream) : stream_(stream) {}

  std::uint32_t bits() {
    if (position_ % 4 == 0) block_ = stream_.block(position_ / 4);
    return block_[position_++ % 4];
  }
  float uniform() { return RandomStream::to_unit(bits()); }
  float between(float from, float to) { return from + (to - from) * uniform(); }
  bool chance(float probability) { return uniform() < probability; }
  // From `from` to `to`, both included.
  int whole(int from, int to) {
    const auto choices = static_cast<std::uint64_t>(to - from + 1);
    return from + static_cast<int>((bits() * choices) >> 32);
  }
  // About normal: the sum of four bytes, which needs no logarithm.
  float rough_normal() {
    const std::uint32_t word = bits();
    const auto sum =
        static_cast<float>((word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + (word >> 24));
    return (sum - 510.0f) * (1.0f / 147.8f);
  }
  // A position in `weights`, each as likely as its weight.
  std::size_t weighted(std::span<const float> weights) {
    float sum = 0;
    for (const float weight : weights) sum += weight;
    float left = uniform() * sum;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      if (left < weights[i]) return i;
      left -= weights[i];
    }
    return weights.size() - 1;
  }

 private:
  RandomStream stream_;
  std::array<std::uint32_t, 4> block_{};
  std::uint32_t position_ = 0;
};

}  // namespace petal::drawing
