#pragma once

#include <memory>
#include <vector>

#include "engine/backend.h"
#include "engine/step_state.h"

namespace petal::testing {

// The backend's kernels over arrays and numbers of the host, wherever its memory is: what is apart is copied
// there and back around each call.
std::unique_ptr<LossKernel> loss_from_host(const Backend& backend, const Loss& loss,
                                           const TensorDescription& predictions);

class UpdateFromHost {
 public:
  using Parameter = UpdateKernel::Parameter;
  UpdateFromHost(const Backend& backend, const Optimizer& optimizer)
      : memory_(backend.memory()), kernel_(backend.prepare_update(optimizer)) {}

  double regularize(std::span<const Parameter> parameters) const;  // the sum of the penalties
  void sum_squares(std::span<const Parameter> parameters, std::span<double> sums) const;
  std::vector<float> scales_by_norms(const GradientClipping& clipping, std::vector<double> square_sums) const;
  bool unscale(std::span<const Parameter> parameters, LossScale scale) const;
  StepState begun(StepState state, std::vector<std::int32_t> finite) const;
  struct StepOptions {
    float learning_rate = 0;
    std::int64_t step = 1;
    float clip_value = 0;
    std::vector<float> scales{};  // empty: ones
    bool is_taken = true;
  };
  void run(std::span<const Parameter> parameters, const StepOptions& options) const;
  void round(std::span<const Parameter> parameters) const;

 private:
  std::shared_ptr<const Memory> memory_;
  std::unique_ptr<UpdateKernel> kernel_;
};

std::unique_ptr<UpdateFromHost> update_from_host(const Backend& backend, const Optimizer& optimizer);

}  // namespace petal::testing
