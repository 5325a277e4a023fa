#include <cmath>

#include "kernels/cpu/activation/elementwise.h"

namespace petal::cpu {

Support supports(const ReLU&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const ReLU& layer, const Device&, const PrepareContext& context) {
  const float limit = layer.max_value, slope = layer.negative_slope, threshold = layer.threshold;
  // The gradient at the threshold is TensorFlow's, as in the reference.
  const bool leaky = slope != 0.0f && threshold == 0.0f && std::isinf(limit);
  const float at_threshold = leaky ? slope : 0.0f;
  return prepare_elementwise(
      context,
      [=](float x) PETAL_LOOP {
        const float above = x < limit ? x : limit, below = slope * (x - threshold);
        return x > threshold ? above : below;
      },
      [=](float x) PETAL_LOOP {
        const float above = x <= limit ? 1.0f : 0.0f, below = x < threshold ? slope : at_threshold;
        return x > threshold ? above : below;
      });
}

}  // namespace petal::cpu
