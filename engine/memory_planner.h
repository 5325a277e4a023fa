#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace petal {

// A buffer that lives from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // one a lifetime, multiples of the alignment
  std::size_t bytes = 0;             // of the whole arena
};

// Places buffers in one arena so that no two that live at the same step overlap: greedy by size, each at the
// tightest gap that holds it (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference",
// 2020, greedy by size). Pure and deterministic. Buffers of 0 bytes get offset 0.
MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::size_t alignment = 64);

}  // namespace petal
