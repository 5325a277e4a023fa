#include "engine/loss_scale.h"

namespace petal {

void LossScale::count(bool finite) {
  if (!is_used_) return;
  ++finite_steps_;
  if (finite && finite_steps_ < steps_to_double) return;
  factor_ *= finite ? 2.0f : 0.5f;
  finite_steps_ = 0;
}

void LossScale::restore(float factor, std::int64_t finite_steps) {
  if (!is_used_) return;
  factor_ = factor > 0 ? factor : first_factor;
  finite_steps_ = finite_steps;
}

}  // namespace petal
