#pragma once

#include "engine/random.h"

namespace petal::cpu {

inline constexpr int random_blocks_at_once = 16;
inline constexpr int random_bits_at_once = 4 * random_blocks_at_once;

// The numbers of so many blocks of the stream, side by side in AVX2.
void draw_bits(const RandomStream& random, std::uint32_t first_block, std::uint32_t* bits);

}  // namespace petal::cpu
