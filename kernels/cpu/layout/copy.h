#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// dst = src; backward: each diff_src = diff_dst. What Flatten and Reshape are.
KernelPointer prepare_copy(const PrepareContext& context);

// Copies with all threads; nothing where the two are one.
void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes);

}  // namespace petal::cpu
