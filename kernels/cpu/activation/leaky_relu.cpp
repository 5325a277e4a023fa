#include "kernels/cpu/activation/elementwise.h"

namespace petal::cpu {

Support supports(const LeakyReLU&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const LeakyReLU& layer, const Device&, const PrepareContext& context) {
  const float slope = layer.negative_slope;
  return prepare_elementwise(
      context, [slope](float x) PETAL_LOOP { return x > 0.0f ? x : slope * x; },
      [slope](float value) PETAL_LOOP { return value > 0.0f ? 1.0f : slope; });
}

}  // namespace petal::cpu
