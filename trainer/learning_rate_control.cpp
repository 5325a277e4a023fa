#include "trainer/learning_rate_control.h"

#include <algorithm>

#include "trainer/fit_options.h"

namespace petal {

LearningRateControl::LearningRateControl(const FitOptions& options, std::int64_t batches)
    : options_(options), batches_(batches) {}

float LearningRateControl::rate(const FitState& state, std::int64_t ahead) const {
  if (options_.schedule)
    return options_.schedule((state.epoch - options_.first_epoch) * batches_ + state.batch + ahead);
  const float rate = learning_rate(options_.optimizer);
  if (state.rate_factor == 1.0f) return rate;
  return std::max(options_.reduce_on_plateau->minimum, rate * state.rate_factor);
}

void LearningRateControl::epoch_ended(const EpochRecord& record, FitState& state) const {
  if (!options_.reduce_on_plateau) return;
  const ReduceOnPlateau& plateau = *options_.reduce_on_plateau;
  const Monitor monitor = record.val_loss ? plateau.monitor : without_validation(plateau.monitor);
  const double value = monitored(record, monitor);
  const double best = state.plateau_best.value_or(value);
  const double gain = falls(monitor) ? best - value : value - best;
  if (!state.plateau_best || gain > plateau.min_delta) {
    state.plateau_best = value;
    state.plateau_epochs = 0;
  } else if (++state.plateau_epochs >= plateau.patience) {
    state.rate_factor *= plateau.factor;
    state.plateau_epochs = 0;
  }
}

}  // namespace petal
