#include "engine/memory_planner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/random.h"

using namespace petal;

namespace {

// Sum of the bytes alive at the busiest step: no plan can need less.
std::size_t busiest_step(const std::vector<Lifetime>& lifetimes, std::size_t alignment) {
  std::size_t most = 0;
  for (int step = 0; step < 100; ++step) {
    std::size_t alive = 0;
    for (const Lifetime& l : lifetimes) {
      if (l.first <= step && step <= l.last) alive += (l.bytes + alignment - 1) / alignment * alignment;
    }
    most = std::max(most, alive);
  }
  return most;
}

void check_plan(const std::vector<Lifetime>& lifetimes, const MemoryPlan& plan, std::size_t alignment) {
  REQUIRE(plan.offsets.size() == lifetimes.size());
  for (std::size_t i = 0; i < lifetimes.size(); ++i) {
    CHECK(plan.offsets[i] % alignment == 0);
    CHECK(plan.offsets[i] + lifetimes[i].bytes <= plan.bytes);
    for (std::size_t j = 0; j < i; ++j) {
      const bool together =
          lifetimes[i].first <= lifetimes[j].last && lifetimes[j].first <= lifetimes[i].last;
      const bool apart = plan.offsets[i] + lifetimes[i].bytes <= plan.offsets[j] ||
                         plan.offsets[j] + lifetimes[j].bytes <= plan.offsets[i];
      const bool empty = lifetimes[i].bytes == 0 || lifetimes[j].bytes == 0;
      CHECK_MESSAGE((!together || apart || empty), i, " and ", j, " overlap");
    }
  }
}

}  // namespace

TEST_CASE("a chain needs its two largest neighbours") {
  const std::vector<Lifetime> chain = {{100, 0, 1}, {400, 1, 2}, {400, 2, 3}, {100, 3, 4}};
  const MemoryPlan plan = plan_memory(chain, 1);
  check_plan(chain, plan, 1);
  CHECK(plan.bytes == 800);
}

TEST_CASE("nothing, and buffers of no bytes, need nothing") {
  CHECK(plan_memory({}).bytes == 0);
  const std::vector<Lifetime> empty = {{0, 0, 5}};
  CHECK(plan_memory(empty).bytes == 0);
}

TEST_CASE("random lifetimes never overlap and stay near the busiest step") {
  for (std::uint32_t round = 0; round < 50; ++round) {
    const RandomStream random(round, RandomPurpose::drawing);
    std::vector<Lifetime> lifetimes;
    for (std::uint32_t i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random.below(3 * i, 90));
      lifetimes.push_back(
          {random.below(3 * i + 1, 5000), first, first + static_cast<int>(random.below(3 * i + 2, 10))});
    }
    const MemoryPlan plan = plan_memory(lifetimes);
    check_plan(lifetimes, plan, 64);
    CHECK(plan.bytes <= 2 * busiest_step(lifetimes, 64));
  }
}
