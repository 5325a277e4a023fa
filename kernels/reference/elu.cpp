#include "kernels/reference/elu.h"

#include <cmath>

#include "kernels/reference/elementwise.h"

namespace petal::reference {

Support supports(const ELU&, Direction direction) {
  return without_weights(ELU::kind, direction);
}

std::unique_ptr<Kernel> prepare(const ELU& layer, const PrepareContext& context) {
  const float alpha = layer.alpha;
  const bool from_src = backward_needs(layer).src;
  return prepare_elementwise(
      context, [=](auto x) { return x > 0 ? x : static_cast<decltype(x)>(alpha) * std::expm1(x); },
      [=](auto value) {
        using T = decltype(value);
        if (value > 0) return T{1};
        return from_src ? static_cast<T>(alpha) * std::exp(value) : value + static_cast<T>(alpha);
      });
}

}  // namespace petal::reference
