#pragma once

#include <algorithm>
#include <cstdint>

namespace petal::cuda {

// How many blocks of how many threads share `count` calls of a body: thread t of T takes t, t + T, ...
struct LaunchShape {
  unsigned blocks = 0;
  unsigned threads = 0;
};

inline constexpr std::int64_t threads_a_block = 256;
// Enough to fill every GPU there is several times over; a grid takes at most 2^31 - 1.
inline constexpr std::int64_t most_blocks = 1 << 16;

constexpr LaunchShape launch_shape(std::int64_t count) {
  const std::int64_t blocks = (count + threads_a_block - 1) / threads_a_block;
  return {static_cast<unsigned>(std::min(blocks, most_blocks)), static_cast<unsigned>(threads_a_block)};
}

}  // namespace petal::cuda
