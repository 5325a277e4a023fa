#pragma once

#include <vector>

#include "tests/kernels/bound_case.h"

namespace petal::testing {

// A case made ready to be checked. Every run has poisoned outputs and checks, through doctest, that each
// element was assigned, no guard broken, no input changed, and a second run gives the same bits.
class PreparedCase {
 public:
  PreparedCase(const Backend& backend, const Case& item, Precision precision, Mode mode,
               bool constant_weights, const CaseNumbers& numbers)
      : bound_(backend, item, precision, mode, constant_weights, numbers) {}

  std::vector<double> forward();
  // With dst in the memory of the input that the kernel names; empty where it names none.
  std::vector<double> forward_in_place();
  // After forward in training. Arrays in order of the inputs, and of declare_weights (empty for a statistic).
  std::vector<std::vector<double>> backward_data();
  std::vector<std::vector<double>> backward_weights();

  // What backward is to find there, in forward's stead.
  void set_dst(std::span<const double> values);

  // The moving statistics after forward, in order of declare_weights; empty where forward does not move them.
  std::vector<std::vector<double>> statistics() const;

  // For finite differences: new numbers, and a forward without the checks.
  void set_src(std::size_t input, std::span<const double> values);
  void set_weights(std::size_t index, std::span<const double> values);
  std::vector<double> forward_unchecked();

  // The seed, epoch and samples of every run.
  const RunContext& run_context() const { return bound_.run_context(); }

 private:
  void run_twice(Direction direction, std::span<GuardedArray*> outputs);
  std::vector<std::vector<double>> backward(Direction direction, std::vector<GuardedArray>& outputs);

  BoundCase bound_;
};

}  // namespace petal::testing
