#pragma once

#include <benchmark/benchmark.h>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "tests/kernels/bound_case.h"

namespace petal::bench {

// Cases on a backend as benchmarks of Google's library. Each has the kernel's implementation for its label
// and the counters
//   FLOP    floating-point operations, a multiply-add counting as two; backward counted like forward
//   bytes   of the inputs, the weights and the result, each once: what must move at least
// both a second of the wall clock. Arrays stay the same from run to run, so small ones come from the cache.
class CaseSuite {
 public:
  CaseSuite(std::shared_ptr<const Backend> backend, Precision precision);

  // Registers the benchmark, to be run while this lives. Forward runs in the case's mode, inference with
  // constant weights; backward in training. Returns false, and counts the reason, where the backend does not
  // support it.
  bool add(const std::string& name, const testing::Case& item, Direction direction);

  // Why benchmarks were left out, and how many.
  const std::map<std::string, int>& left_out() const { return left_out_; }

 private:
  struct Entry {
    testing::Case item;
    Direction direction;
    double operations, bytes;
  };
  void run(benchmark::State& state, const Entry& entry);
  // The entry's case, run once.
  testing::BoundCase& bind(const Entry& entry);

  std::shared_ptr<const Backend> backend_;
  Precision precision_;
  std::deque<Entry> entries_;
  std::map<std::string, int> left_out_;
  // Google's library runs a benchmark again with more iterations until they take long enough: what ran last
  // stays ready.
  const Entry* bound_to_ = nullptr;
  std::unique_ptr<testing::BoundCase> bound_;
};

}  // namespace petal::bench
