#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "engine/backend.h"
#include "engine/random.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// The streams of the samples of a batch, one a sample, of one layer: RandomStream's numbers. Their key and
// the samples' identities are read on the device, where each run finds its own.
struct SampleStreams {
  const RunKey* key;
  const std::uint32_t* samples;
  RandomPurpose purpose;
  std::uint32_t layer;

  SampleStreams(const RunContext& context, RandomPurpose of, std::uint32_t number)
      : key(context.device_key), samples(context.device_samples), purpose(of), layer(number) {}

  PETAL_BODY std::array<std::uint32_t, 4> block(Index sample, std::uint32_t index) const {
    return RandomStream(key->seed, purpose, key->epoch, samples[sample], layer).block(index);
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
