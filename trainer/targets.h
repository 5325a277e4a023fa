#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/loss.h"
#include "trainer/metrics.h"

namespace petal {

// Class numbers in the form that a loss reads: as they are for the sparse one, else one-hot, or one number
// where the network has a single output for two classes.
class Targets {
 public:
  // `outputs`: the numbers that the network gives for a sample.
  Targets(const Loss& loss, std::int64_t outputs) : loss_(loss), outputs_(outputs) {}

  // Classes that the outputs tell apart.
  std::int64_t classes() const { return outputs_ == 1 ? 2 : outputs_; }
  // Holds until the next call.
  const void* write(std::span<const std::int32_t> labels);
  std::int64_t count_correct(const float* predictions, std::span<const std::int32_t> labels) const;
  // Mean loss and accuracy of probabilities (n, outputs).
  LossAndAccuracy judge(const Tensor& probabilities, std::span<const std::int32_t> labels,
                        const Backend& backend);

 private:
  Loss loss_;
  std::int64_t outputs_;
  std::vector<std::int32_t> sparse_;
  std::vector<float> dense_;
};

}  // namespace petal
