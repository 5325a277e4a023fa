#pragma once

#include <cstdint>

#include "engine/backend.h"

namespace petal {

// The factor by which the loss, and with it every gradient, is made larger in float16, so that small
// gradients do not vanish on their way; it is taken out again before anything is learnt of them. As Keras's
// LossScaleOptimizer (keras/src/optimizers/loss_scale_optimizer.py, 3.15): doubled after 2000 steps in a row
// whose gradients are finite, halved where they are not, and then the step is left out. 1 in every other
// precision. Being constexpr, it is moved on in device code too.
class LossScale {
 public:
  static constexpr float first_factor = 32768.0f;
  static constexpr std::int64_t steps_to_double = 2000;

  constexpr LossScale() = default;
  constexpr explicit LossScale(Precision precision)
      : is_used_(precision == Precision::f16), factor_(is_used_ ? first_factor : 1.0f) {}

  constexpr bool is_used() const { return is_used_; }
  constexpr float factor() const { return factor_; }
  constexpr std::int64_t finite_steps() const { return finite_steps_; }  // since it was changed

  // After a step's gradients: what the next step's factor is.
  constexpr void count(bool finite) {
    if (!is_used_) return;
    ++finite_steps_;
    if (finite && finite_steps_ < steps_to_double) return;
    factor_ *= finite ? 2.0f : 0.5f;
    finite_steps_ = 0;
  }
  // As it stood; a factor of 0 is the first one. Nothing where it is not used.
  constexpr void restore(float factor, std::int64_t finite_steps) {
    if (!is_used_) return;
    factor_ = factor > 0 ? factor : first_factor;
    finite_steps_ = finite_steps;
  }

 private:
  bool is_used_ = false;
  float factor_ = 1.0f;
  std::int64_t finite_steps_ = 0;
};

}  // namespace petal
