#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/layers/activation.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

template <class T>
T sigmoid(T x) {
  return T{1} / (T{1} + std::exp(-x));
}

// Without an exponential that overflows.
template <class T>
T softplus(T x) {
  return std::max(x, T{0}) + std::log1p(std::exp(-std::abs(x)));
}

// The share of a standard normal distribution below x.
template <class T>
T normal_cdf(T x) {
  return T{0.5} * (T{1} + std::erf(x / std::numbers::sqrt2_v<T>));
}

// One element's function. Not for softmax and log_softmax, which are a row's.
template <class T>
T activate(ActivationFunction function, T x) {
  switch (function) {
    case ActivationFunction::relu:
      return std::max(x, T{0});
    case ActivationFunction::relu6:
      return std::min(std::max(x, T{0}), T{6});
    case ActivationFunction::leaky_relu:
      return x > 0 ? x : static_cast<T>(leaky_relu_slope) * x;
    case ActivationFunction::elu:
      return x > 0 ? x : std::expm1(x);
    case ActivationFunction::selu:
      return static_cast<T>(selu_scale) * (x > 0 ? x : static_cast<T>(selu_alpha) * std::expm1(x));
    case ActivationFunction::sigmoid:
      return sigmoid(x);
    case ActivationFunction::silu:
      return x * sigmoid(x);
    case ActivationFunction::tanh:
      return std::tanh(x);
    case ActivationFunction::exponential:
      return std::exp(x);
    case ActivationFunction::softplus:
      return softplus(x);
    case ActivationFunction::softsign:
      return x / (T{1} + std::abs(x));
    case ActivationFunction::gelu:
      return x * normal_cdf(x);
    case ActivationFunction::mish:
      return x * std::tanh(softplus(x));
    case ActivationFunction::hard_sigmoid:
      return std::min(std::max(x + T{3}, T{0}), T{6}) / T{6};
    case ActivationFunction::hard_silu:
      return x * (std::min(std::max(x + T{3}, T{0}), T{6}) / T{6});
    case ActivationFunction::linear:
    case ActivationFunction::softmax:
    case ActivationFunction::log_softmax:
      break;
  }
  return x;
}

// The derivative where y = f(x) tells it.
template <class T>
T derivative_from_dst(ActivationFunction function, T y) {
  switch (function) {
    case ActivationFunction::relu:
      return y > 0 ? T{1} : T{0};
    case ActivationFunction::relu6:
      return y > 0 && y < 6 ? T{1} : T{0};
    case ActivationFunction::leaky_relu:
      return y > 0 ? T{1} : static_cast<T>(leaky_relu_slope);
    case ActivationFunction::elu:
      return y > 0 ? T{1} : y + T{1};
    case ActivationFunction::selu:
      return y > 0 ? static_cast<T>(selu_scale) : y + static_cast<T>(selu_scale * selu_alpha);
    case ActivationFunction::sigmoid:
      return y * (T{1} - y);
    case ActivationFunction::tanh:
      return T{1} - y * y;
    case ActivationFunction::exponential:
      return y;
    case ActivationFunction::softsign:
      return (T{1} - std::abs(y)) * (T{1} - std::abs(y));
    case ActivationFunction::hard_sigmoid:
      return y > 0 && y < 1 ? T{1} / T{6} : T{0};
    default:
      return T{1};
  }
}

// The derivative at x, for the others.
template <class T>
T derivative_from_src(ActivationFunction function, T x) {
  switch (function) {
    case ActivationFunction::silu:
      return sigmoid(x) * (T{1} + x * (T{1} - sigmoid(x)));
    case ActivationFunction::softplus:
      return sigmoid(x);
    case ActivationFunction::gelu: {
      const T density = std::exp(-x * x / T{2}) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
      return normal_cdf(x) + x * density;
    }
    case ActivationFunction::mish: {
      const T tanh = std::tanh(softplus(x));
      return tanh + x * (T{1} - tanh * tanh) * sigmoid(x);
    }
    case ActivationFunction::hard_silu:
      if (x <= T{-3}) return T{0};
      return x < T{3} ? (T{2} * x + T{3}) / T{6} : T{1};
    default:
      return T{1};
  }
}

Support supports(const Activation& layer, Direction direction);
std::unique_ptr<Kernel> prepare(const Activation& layer, const PrepareContext& context);

}  // namespace petal::reference
