#pragma once

#include <cstdint>

#include "engine/loss_scale.h"

namespace petal {

// Where the optimiser of a training plan stands. It lies in the backend's memory, where kernels read it and
// move it on: the host can ask for a step before it knows how the last one went.
struct StepState {
  float learning_rate = 0;  // of the next step; written by the host
  LossScale loss_scale{};
  std::int64_t steps = 0;  // that were taken; while one is taken its number, counted from 1
  bool is_taken = true;    // false: the step is left out, for its gradients are not finite

  constexpr void begin_step(bool finite) {
    loss_scale.count(finite);
    is_taken = finite;
    if (finite) ++steps;
  }
};

}  // namespace petal
