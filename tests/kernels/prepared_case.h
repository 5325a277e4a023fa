#pragma once

#include <memory>
#include <vector>

#include "tests/kernels/case_numbers.h"
#include "tests/kernels/guarded_array.h"

namespace petal::testing {

// A case made ready on a backend: its kernels and their arrays. Every run has poisoned outputs and checks,
// through doctest, that each element was assigned, no guard broken, no input changed, and a second run gives
// the same bits.
class PreparedCase {
 public:
  // PrepareContext::layer of every case.
  static constexpr std::uint32_t layer_number = 7;

  PreparedCase(const Backend& backend, const Case& item, Precision precision, Mode mode,
               bool constant_weights, const CaseNumbers& numbers);

  std::vector<double> forward();
  // With dst in the memory of the input that the kernel names; empty where it names none.
  std::vector<double> forward_in_place();
  // After forward in training. Arrays in order of the inputs, and of declare_weights (empty for a statistic).
  std::vector<std::vector<double>> backward_data();
  std::vector<std::vector<double>> backward_weights();

  // The moving statistics after forward, in order of declare_weights; empty where forward does not move them.
  std::vector<std::vector<double>> statistics() const;

  // For finite differences: new numbers, and a forward without the checks.
  void set_src(std::size_t input, std::span<const double> values);
  void set_weights(std::size_t index, std::span<const double> values);
  std::vector<double> forward_unchecked();

  // The seed, epoch and samples of every run.
  const RunContext& run_context() const { return run_context_; }

 private:
  Kernel& kernel(Direction direction);
  Bindings bindings();
  void run_twice(Kernel& kernel, const Bindings& bindings, std::span<GuardedArray*> outputs);
  // Gives the moving statistics the numbers that they begin with.
  void reset_statistics();
  std::vector<std::vector<double>> backward(Direction direction, std::vector<GuardedArray>& outputs);

  const Backend& backend_;
  DataType type_;
  Node node_;
  PrepareContext context_;
  std::vector<Tensor> constants_;
  std::vector<GuardedArray> src_, weights_, diff_src_, diff_weights_;
  std::vector<GuardedArray> statistics_;  // float32
  std::vector<std::vector<double>> initial_statistics_;
  std::vector<const std::byte*> src_pointers_, weight_pointers_;
  std::vector<float*> statistics_pointers_;
  GuardedArray dst_, diff_dst_, workspace_{0}, scratch_{0};
  std::vector<std::uint32_t> samples_;
  RunContext run_context_;
  std::unique_ptr<Kernel> kernels_[3];
};

}  // namespace petal::testing
