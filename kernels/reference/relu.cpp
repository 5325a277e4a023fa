#include "kernels/reference/relu.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/elementwise.h"

namespace petal::reference {

Support supports(const ReLU&, Direction direction) {
  return without_weights(ReLU::kind, direction);
}

std::unique_ptr<Kernel> prepare(const ReLU& layer, const PrepareContext& context) {
  // TensorFlow's gradient at the corners: with a slope alone that of its leaky relu, whose corner belongs to
  // the slope; else none at the threshold, and that of a cut at max_value, which lets the limit itself pass.
  const bool leaky = layer.negative_slope != 0 && layer.threshold == 0 && std::isinf(layer.max_value);
  return prepare_elementwise(
      context,
      [=](auto x) {
        using T = decltype(x);
        if (x > layer.threshold) return std::min(x, static_cast<T>(layer.max_value));
        return static_cast<T>(layer.negative_slope) * (x - static_cast<T>(layer.threshold));
      },
      [=](auto x) {
        using T = decltype(x);
        if (x > layer.threshold) return x <= layer.max_value ? T{1} : T{0};
        return x < layer.threshold || leaky ? static_cast<T>(layer.negative_slope) : T{0};
      });
}

}  // namespace petal::reference
