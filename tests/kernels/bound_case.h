#pragma once

#include <memory>
#include <vector>

#include "engine/uploaded_context.h"
#include "tests/kernels/case_numbers.h"
#include "tests/kernels/guarded_array.h"

namespace petal::testing {

// A case on a backend: its arrays, filled with its numbers, and its kernels, bound to them. What the checks
// and the benchmarks of an operation run alike.
class BoundCase {
 public:
  // PrepareContext::layer of every case.
  static constexpr std::uint32_t layer_number = 7;

  struct Arrays {
    std::vector<GuardedArray> src, weights;
    std::vector<GuardedArray> diff_src, diff_weights;  // in training; of a statistic: empty
    std::vector<GuardedArray> statistics;              // float32; where forward moves them
    GuardedArray dst{0}, diff_dst{0}, workspace{0}, scratch{0};
  };

  // Values and their gradients are of the precision's type, weights and theirs as Bindings says. The backend
  // must support the case's node and outlive this.
  BoundCase(const Backend& backend, const Case& item, Precision precision, Mode mode, bool constant_weights,
            const CaseNumbers& numbers);
  BoundCase(const BoundCase&) = delete;
  BoundCase& operator=(const BoundCase&) = delete;

  // Prepared at the first call, forward before the backward ones: it makes the workspace.
  Kernel& kernel(Direction direction);
  // What a run of kernel(direction) is given: inputs and dst that BackwardNeeds does not name are null. Good
  // until the next call.
  Bindings bindings(Direction direction);
  // Runs a kernel of this case; where the backend's memory is apart, on copies of all arrays.
  void run(Kernel& kernel, const Bindings& bindings);
  // Gives the moving statistics the numbers that they begin with.
  void reset_statistics();

  Arrays& arrays() { return arrays_; }
  const Arrays& arrays() const { return arrays_; }
  const Backend& backend() const { return backend_; }
  DataType type() const { return type_; }
  DataType type_of_weight(std::size_t index) const;
  DataType type_of_diff_weights() const { return type_ == DataType::f64 ? type_ : DataType::f32; }
  // The seed, epoch and samples of every run.
  const RunContext& run_context() const { return run_context_; }

 private:
  void bind_weights(const Case& item, const CaseNumbers& numbers);
  std::vector<const GuardedArray*> all_arrays() const;

  const Backend& backend_;
  std::shared_ptr<const Memory> memory_;
  DataType type_;
  Node node_;
  PrepareContext context_;
  std::vector<Tensor> constants_;
  Arrays arrays_;
  std::vector<std::vector<double>> initial_statistics_;
  std::vector<const std::byte*> src_pointers_, weight_pointers_;
  std::vector<std::byte*> output_pointers_;
  std::vector<float*> statistics_pointers_;
  std::vector<std::uint32_t> samples_;
  UploadedContext uploaded_context_;
  RunContext run_context_;
  std::unique_ptr<Kernel> kernels_[3];
};

}  // namespace petal::testing
