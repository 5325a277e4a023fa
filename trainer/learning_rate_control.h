#pragma once

#include "trainer/fit.h"

namespace petal {

// The learning rate as training goes: the schedule's, or the optimiser's times what a plateau has made of it.
class LearningRateControl {
 public:
  // `batches`: steps of an epoch.
  LearningRateControl(const FitOptions& options, std::int64_t batches);
  // Of the step that comes `ahead` of those that are done.
  float rate(const FitState& state, std::int64_t ahead = 0) const;
  // Counts epochs without improvement in the state, and lowers its factor where they are enough.
  void epoch_ended(const EpochRecord& record, FitState& state) const;

 private:
  const FitOptions& options_;
  std::int64_t batches_;
};

}  // namespace petal
