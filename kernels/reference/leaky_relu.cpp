#include "kernels/reference/leaky_relu.h"

#include "kernels/reference/elementwise.h"

namespace petal::reference {

Support supports(const LeakyReLU&, Direction direction) {
  return without_weights(LeakyReLU::kind, direction);
}

std::unique_ptr<Kernel> prepare(const LeakyReLU& layer, const PrepareContext& context) {
  const float slope = layer.negative_slope;
  return prepare_elementwise(
      context, [=](auto x) { return x > 0 ? x : static_cast<decltype(x)>(slope) * x; },
      [=](auto value) { return static_cast<decltype(value)>(value > 0 ? 1.0f : slope); });
}

}  // namespace petal::reference
