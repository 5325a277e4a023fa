#pragma once

#include "engine/layers/activation.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {

// The gradient before an activation, from the one behind it and y, the activation's result. For
// is_training_epilogue alone.
template <ActivationFunction activation>
PETAL_INLINE void differentiate(const Floats& y, Floats& gradient) {
  const Floats zero{};
  if constexpr (activation == ActivationFunction::relu) gradient = y > zero ? gradient : zero;
  if constexpr (activation == ActivationFunction::relu6) {
    gradient = y > zero && y < zero + 6.0f ? gradient : zero;
  }
  if constexpr (activation == ActivationFunction::sigmoid) gradient *= y * (1.0f - y);
}

// Calls f(integral_constant of the activation), with which differentiate can be called.
template <class F>
void with_activation(ActivationFunction activation, const F& f) {
  using enum ActivationFunction;
  switch (activation) {
    case relu:
      return f(std::integral_constant<ActivationFunction, relu>());
    case relu6:
      return f(std::integral_constant<ActivationFunction, relu6>());
    case sigmoid:
      return f(std::integral_constant<ActivationFunction, sigmoid>());
    default:  // linear; supports_fused lets no other through
      return f(std::integral_constant<ActivationFunction, linear>());
  }
}

// Likewise for those that only cut: linear, relu, relu6.
template <class F>
void with_cut(ActivationFunction activation, const F& f) {
  using enum ActivationFunction;
  if (activation == relu) return f(std::integral_constant<ActivationFunction, relu>());
  if (activation == relu6) return f(std::integral_constant<ActivationFunction, relu6>());
  f(std::integral_constant<ActivationFunction, linear>());
}

}  // namespace petal::cpu
