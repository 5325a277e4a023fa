#pragma once

#include <array>
#include <cstdint>

namespace petal {

// What a stream of random numbers is for; a part of its key, so that no two purposes share a number.
enum class RandomPurpose : std::uint32_t {
  initialization = 1,
  dropout = 2,
  shuffle = 3,
  split = 4,
  augmentation = 5,
  drawing = 6
};

// The constants of Philox 4x32-10.
inline constexpr int philox_rounds = 10;
inline constexpr std::uint32_t philox_factor0 = 0xD2511F53, philox_factor1 = 0xCD9E8D57;
inline constexpr std::uint32_t philox_key_step0 = 0x9E3779B9, philox_key_step1 = 0xBB67AE85;

// Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a pure function
// from (key, counter) to four 32-bit numbers. The same on every device and with any number of threads; being
// constexpr, it runs in device code too.
constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                              std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{philox_factor0} * counter[0];
    const std::uint64_t product1 = std::uint64_t{philox_factor1} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += philox_key_step0;
    key[1] += philox_key_step1;
  }
  return counter;
}

// One stream, keyed by (seed, purpose, epoch, sample, layer); `at` gives random access by position.
class RandomStream {
 public:
  constexpr RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t epoch = 0,
                         std::uint32_t sample = 0, std::uint32_t layer = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        // The purpose has eight bits of the last word, the layer the rest: layers beyond 2^24 do not occur.
        counter_{0, sample, epoch, (layer << 8) | static_cast<std::uint32_t>(purpose)} {}

  // The four numbers of block `index`, which holds positions 4*index to 4*index+3.
  constexpr std::array<std::uint32_t, 4> block(std::uint32_t index) const {
    return philox({index, counter_[1], counter_[2], counter_[3]}, key_);
  }
  std::uint32_t bits(std::uint32_t position) const { return block(position / 4)[position % 4]; }
  // Uniform in [0, 1), a multiple of 2^-24.
  float uniform(std::uint32_t position) const { return to_unit(bits(position)); }
  // Uniform in [0, limit), without bias worth the name (limit * 2^-32); limit must be positive.
  std::uint32_t below(std::uint32_t position, std::uint32_t limit) const {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits(position)) * limit) >> 32);
  }
  // Standard normal (Box-Muller).
  float normal(std::uint32_t position) const;

  // What philox() makes block `index` of: the key, and the counter once its first word is the index. For
  // kernels that compute many blocks side by side.
  const std::array<std::uint32_t, 2>& key() const { return key_; }
  const std::array<std::uint32_t, 4>& counter() const { return counter_; }

  static constexpr float to_unit(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
};

}  // namespace petal
