#pragma once

#include "kernels/cpu/random/random_bits.h"

namespace petal::cpu {

inline constexpr int normals_at_once = random_bits_at_once / 2;

// random.normal(first) to random.normal(first + normals_at_once - 1), to the last bit; `first` is a multiple
// of normals_at_once.
void draw_normals(const RandomStream& random, std::uint32_t first, float* normals);

}  // namespace petal::cpu
