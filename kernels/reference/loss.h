#pragma once

#include "kernels/reference/kernel.h"

namespace petal::reference {

// What a loss compares one sample's predictions with: its class number, or C targets.
struct Target {
  std::int32_t label = 0;
  const float* values = nullptr;
};

// One sample's loss from its C predictions; assigns diff = d(loss) / d(predictions). `values` and `diff` do
// not overlap.
template <class T>
T sample_loss(const Loss& loss, const T* predictions, Target target, std::int64_t channels, T* diff);

std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, const TensorDescription& predictions);

}  // namespace petal::reference
