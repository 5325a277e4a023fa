#pragma once

#include <algorithm>
#include <cmath>

#include "engine/layers/activation.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

// One element's function. Not for softmax, which is a row's.
template <class T>
T activate(ActivationFunction function, T x) {
  switch (function) {
    case ActivationFunction::relu:
      return std::max(x, T{0});
    case ActivationFunction::relu6:
      return std::min(std::max(x, T{0}), T{6});
    case ActivationFunction::sigmoid:
      return T{1} / (T{1} + std::exp(-x));
    case ActivationFunction::linear:
    case ActivationFunction::softmax:
      break;
  }
  return x;
}

// Its derivative at x, from y = f(x).
template <class T>
T derivative(ActivationFunction function, T y) {
  switch (function) {
    case ActivationFunction::relu:
      return y > 0 ? T{1} : T{0};
    case ActivationFunction::relu6:
      return y > 0 && y < 6 ? T{1} : T{0};
    case ActivationFunction::sigmoid:
      return y * (T{1} - y);
    case ActivationFunction::linear:
    case ActivationFunction::softmax:
      break;
  }
  return T{1};
}

Support supports(const Activation& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Activation& layer, const PrepareContext& context);

}  // namespace petal::reference
