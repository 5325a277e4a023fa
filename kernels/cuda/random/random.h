#pragma once

#include <cmath>
#include <cstdint>

#include "engine/backend.h"
#include "engine/random.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// Four numbers of a random stream.
struct Block {
  std::uint32_t bits[4];
};

// engine/random.h's philox, for a device.
PETAL_BODY inline Block philox_block(Block counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{philox_factor0} * counter.bits[0];
    const std::uint64_t product1 = std::uint64_t{philox_factor1} * counter.bits[2];
    counter = {{static_cast<std::uint32_t>(product1 >> 32) ^ counter.bits[1] ^ key0,
                static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32) ^ counter.bits[3] ^ key1,
                static_cast<std::uint32_t>(product0)}};
    key0 += philox_key_step0;
    key1 += philox_key_step1;
  }
  return counter;
}

// The streams of the samples of a batch, one a sample, of one layer: RandomStream's numbers.
struct SampleStreams {
  std::uint32_t key0 = 0, key1 = 0, epoch = 0, last = 0;
  const std::uint32_t* samples = nullptr;  // on the device; null: positions

  SampleStreams(const RunContext& context, RandomPurpose purpose, std::uint32_t layer)
      : samples(context.device_samples) {
    const RandomStream stream(context.seed, purpose, context.epoch, 0, layer);
    key0 = stream.key()[0];
    key1 = stream.key()[1];
    epoch = stream.counter()[2];
    last = stream.counter()[3];
  }

  PETAL_BODY Block block(Index sample, std::uint32_t index) const {
    const std::uint32_t identity = samples ? samples[sample] : static_cast<std::uint32_t>(sample);
    return philox_block({{index, identity, epoch, last}}, key0, key1);
  }
  // Uniform in [0, 1), a multiple of 2^-24.
  PETAL_BODY float uniform(Index sample, std::uint32_t position) const {
    return static_cast<float>(block(sample, position / 4).bits[position % 4] >> 8) * 0x1p-24f;
  }
  // Standard normal (Box-Muller).
  PETAL_BODY float normal(Index sample, std::uint32_t position) const {
    const Block drawn = block(sample, position / 2);
    const std::uint32_t half = (position % 2) * 2;
    const double radius_draw = (static_cast<double>(drawn.bits[half]) + 1.0) * 0x1p-32;
    const double angle_draw = static_cast<double>(drawn.bits[half + 1]) * 0x1p-32;
    return static_cast<float>(std::sqrt(-2.0 * std::log(radius_draw)) *
                              std::cos(2.0 * 3.14159265358979323846 * angle_draw));
  }
};

}  // namespace petal::cuda
