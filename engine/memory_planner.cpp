#include "engine/memory_planner.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace petal {
namespace {

struct Placed {
  std::size_t begin, end;
  int first, last;
};

// The tightest gap between the buffers (sorted by begin) that live beside `wanted`; behind them all where
// none fits.
std::size_t tightest_offset(const std::vector<Placed>& placed, const Lifetime& wanted, std::size_t bytes) {
  std::size_t cursor = 0, best = 0, best_gap = std::numeric_limits<std::size_t>::max();
  for (const Placed& other : placed) {
    if (other.last < wanted.first || wanted.last < other.first) continue;
    if (other.begin > cursor && other.begin - cursor >= bytes && other.begin - cursor < best_gap) {
      best_gap = other.begin - cursor;
      best = cursor;
    }
    cursor = std::max(cursor, other.end);
  }
  return best_gap == std::numeric_limits<std::size_t>::max() ? cursor : best;
}

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, std::size_t alignment) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<Placed> placed;
  for (std::size_t index : order) {
    const Lifetime& lifetime = lifetimes[index];
    if (lifetime.bytes == 0) continue;
    const std::size_t bytes = (lifetime.bytes + alignment - 1) / alignment * alignment;
    const std::size_t offset = tightest_offset(placed, lifetime, bytes);
    const Placed entry{offset, offset + bytes, lifetime.first, lifetime.last};
    placed.insert(std::ranges::upper_bound(placed, entry.begin, {}, &Placed::begin), entry);
    plan.offsets[index] = offset;
    plan.bytes = std::max(plan.bytes, entry.end);
  }
  return plan;
}

}  // namespace petal
