#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "engine/backend.h"
#include "engine/random.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// The streams of the samples of a batch, one a sample, of one layer: RandomStream's numbers.
struct SampleStreams {
  std::array<std::uint32_t, 2> key{};
  std::array<std::uint32_t, 4> counter{};  // but for the block's number and the sample
  const std::uint32_t* samples = nullptr;  // on the device; null: positions

  SampleStreams(const RunContext& context, RandomPurpose purpose, std::uint32_t layer)
      : samples(context.device_samples) {
    const RandomStream stream(context.seed, purpose, context.epoch, 0, layer);
    key = stream.key();
    counter = stream.counter();
  }

  PETAL_BODY std::array<std::uint32_t, 4> block(Index sample, std::uint32_t index) const {
    const std::uint32_t identity = samples ? samples[sample] : static_cast<std::uint32_t>(sample);
    return philox({index, identity, counter[2], counter[3]}, key);
  }
  // Uniform in [0, 1), a multiple of 2^-24.
  PETAL_BODY float uniform(Index sample, std::uint32_t position) const {
    return RandomStream::to_unit(block(sample, position / 4)[position % 4]);
  }
  // Standard normal (Box-Muller).
  PETAL_BODY float normal(Index sample, std::uint32_t position) const {
    const std::array<std::uint32_t, 4> drawn = block(sample, position / 2);
    const std::uint32_t half = (position % 2) * 2;
    const double radius_draw = (static_cast<double>(drawn[half]) + 1.0) * 0x1p-32;
    const double angle_draw = static_cast<double>(drawn[half + 1]) * 0x1p-32;
    return static_cast<float>(std::sqrt(-2.0 * std::log(radius_draw)) *
                              std::cos(2.0 * 3.14159265358979323846 * angle_draw));
  }
};

}  // namespace petal::cuda
