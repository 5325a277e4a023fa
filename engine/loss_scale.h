#pragma once

#include <cstdint>

#include "engine/backend.h"

namespace petal {

// The factor by which the loss, and with it every gradient, is made larger in float16, so that small
// gradients do not vanish on their way; it is taken out again before anything is learnt of them. As Keras's
// LossScaleOptimizer (keras/src/optimizers/loss_scale_optimizer.py, 3.15): doubled after 2000 steps in a row
// whose gradients are finite, halved where they are not, and then the step is left out. 1 in every other
// precision.
class LossScale {
 public:
  static constexpr float first_factor = 32768.0f;
  static constexpr std::int64_t steps_to_double = 2000;

  explicit LossScale(Precision precision)
      : is_used_(precision == Precision::f16), factor_(is_used_ ? first_factor : 1.0f) {}

  bool is_used() const { return is_used_; }
  float factor() const { return factor_; }
  std::int64_t finite_steps() const { return finite_steps_; }  // since it was changed

  // After a step's gradients: what the next step's factor is.
  void count(bool finite);
  // As it stood. Nothing where it is not used.
  void restore(float factor, std::int64_t finite_steps);

 private:
  bool is_used_;
  float factor_;
  std::int64_t finite_steps_ = 0;
};

}  // namespace petal
