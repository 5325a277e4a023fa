#pragma once

#include "engine/random.h"
#include "engine/sample_source.h"

namespace petal::testing {

// Batches of samples of `each` numbers in [0, 1), drawn.
class Noise : public SampleSource {
 public:
  explicit Noise(std::int64_t each, std::uint64_t seed = 2)
      : each_(each), random_(seed, RandomPurpose::drawing) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = 0; i < each_ * count; ++i)
      dst[i] = random_.uniform(static_cast<std::uint32_t>(each_ * first + i));
  }

 private:
  std::int64_t each_;
  RandomStream random_;
};

}  // namespace petal::testing
