#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// dst = src[0] + src[1] + ..., in this order for each element; dst may be any of them.
void sum_arrays(std::span<const std::byte* const> src, std::int64_t elements, float* dst);

}  // namespace petal::cpu
