#pragma once

#include <cmath>

#include "engine/layers/activation.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

PETAL_BODY inline float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

// Without an exponential that overflows.
PETAL_BODY inline float softplus(float x) {
  return (x > 0.0f ? x : 0.0f) + std::log1p(std::exp(-std::fabs(x)));
}

// The share of a standard normal distribution below x.
PETAL_BODY inline float normal_cdf(float x) {
  return 0.5f * (1.0f + std::erf(x * 0.70710678f));
}

PETAL_BODY inline float cut(float x, float lower, float upper) {
  return x < lower ? lower : x > upper ? upper : x;
}

// One element's function: not softmax and log_softmax, which are a row's.
PETAL_BODY inline float activate(ActivationFunction function, float x) {
  constexpr auto slope = static_cast<float>(leaky_relu_slope), scale = static_cast<float>(selu_scale),
                 alpha = static_cast<float>(selu_alpha);
  switch (function) {
    case ActivationFunction::relu:
      return x < 0.0f ? 0.0f : x;
    case ActivationFunction::relu6:
      return cut(x, 0.0f, 6.0f);
    case ActivationFunction::leaky_relu:
      return x > 0.0f ? x : slope * x;
    case ActivationFunction::elu:
      return x > 0.0f ? x : std::expm1(x);
    case ActivationFunction::selu:
      return scale * (x > 0.0f ? x : alpha * std::expm1(x));
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
      return x / (1.0f + std::fabs(x));
    case ActivationFunction::gelu:
      return x * normal_cdf(x);
    case ActivationFunction::mish:
      return x * std::tanh(softplus(x));
    case ActivationFunction::hard_sigmoid:
      return cut(x + 3.0f, 0.0f, 6.0f) / 6.0f;
    case ActivationFunction::hard_silu:
      return x * (cut(x + 3.0f, 0.0f, 6.0f) / 6.0f);
    default:
      return x;
  }
}

// The derivative where y = f(x) tells it.
PETAL_BODY inline float derivative_from_dst(ActivationFunction function, float y) {
  constexpr auto slope = static_cast<float>(leaky_relu_slope), scale = static_cast<float>(selu_scale),
                 product = static_cast<float>(selu_scale * selu_alpha);
  switch (function) {
    case ActivationFunction::relu:
      return y > 0.0f ? 1.0f : 0.0f;
    case ActivationFunction::relu6:
      return y > 0.0f && y < 6.0f ? 1.0f : 0.0f;
    case ActivationFunction::leaky_relu:
      return y > 0.0f ? 1.0f : slope;
    case ActivationFunction::elu:
      return y > 0.0f ? 1.0f : y + 1.0f;
    case ActivationFunction::selu:
      return y > 0.0f ? scale : y + product;
    case ActivationFunction::sigmoid:
      return y * (1.0f - y);
    case ActivationFunction::tanh:
      return 1.0f - y * y;
    case ActivationFunction::exponential:
      return y;
    case ActivationFunction::softsign:
      return (1.0f - std::fabs(y)) * (1.0f - std::fabs(y));
    case ActivationFunction::hard_sigmoid:
      return y > 0.0f && y < 1.0f ? 1.0f / 6.0f : 0.0f;
    default:
      return 1.0f;
  }
}

// The derivative at x, for the others.
PETAL_BODY inline float derivative_from_src(ActivationFunction function, float x) {
  switch (function) {
    case ActivationFunction::silu:
      return sigmoid(x) * (1.0f + x * (1.0f - sigmoid(x)));
    case ActivationFunction::softplus:
      return sigmoid(x);
    case ActivationFunction::gelu:
      return normal_cdf(x) + x * std::exp(-x * x / 2.0f) * 0.39894228f;
    case ActivationFunction::mish: {
      const float tanh = std::tanh(softplus(x));
      return tanh + x * (1.0f - tanh * tanh) * sigmoid(x);
    }
    case ActivationFunction::hard_silu:
      if (x <= -3.0f) return 0.0f;
      return x < 3.0f ? (2.0f * x + 3.0f) / 6.0f : 1.0f;
    default:
      return 1.0f;
  }
}

}  // namespace petal::cuda
