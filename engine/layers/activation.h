#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Keras's activation functions, as Keras 3 computes them (keras.activations):
//   linear x; relu max(x, 0); relu6 min(max(x, 0), 6); leaky_relu x where x > 0, else 0.2 x;
//   elu x where x > 0, else exp(x) - 1; selu 1.05070098 * (x where x > 0, else 1.67326324 (exp(x) - 1));
//   sigmoid 1 / (1 + exp(-x)); silu x * sigmoid(x); tanh; exponential exp(x); softplus log(1 + exp(x));
//   softsign x / (1 + |x|); gelu x / 2 * (1 + erf(x / sqrt(2))); mish x * tanh(softplus(x));
//   hard_sigmoid relu6(x + 3) / 6; hard_silu x * hard_sigmoid(x);
//   softmax exp(x_c) / sum_c exp(x_c) along the innermost dimension, and log_softmax its logarithm.
enum class ActivationFunction {
  linear,
  relu,
  relu6,
  leaky_relu,
  elu,
  selu,
  sigmoid,
  silu,
  tanh,
  exponential,
  softplus,
  softsign,
  gelu,
  mish,
  hard_sigmoid,
  hard_silu,
  softmax,
  log_softmax,
};

// The constants above.
inline constexpr double leaky_relu_slope = 0.2;
inline constexpr double selu_scale = 1.05070098735548049342;
inline constexpr double selu_alpha = 1.67326324235437728482;

// "linear", "relu", ...
std::string_view to_string(ActivationFunction function);
// Also by Keras's other names: swish (silu), hard_swish (hard_silu). Throws Error(`where`) that lists the
// known names.
ActivationFunction activation_function(std::string_view where, std::string_view name);

// Whether each element's result depends on that element alone: not softmax and log_softmax.
bool is_elementwise(ActivationFunction function);
// Whether kernels can apply it within Conv2D, DepthwiseConv2D or Dense: what is elementwise, without
// softsign, which vendors lack.
bool is_epilogue(ActivationFunction function);
// Whether those kernels' backward can undo it too, from dst alone: linear, relu, relu6, sigmoid.
bool is_training_epilogue(ActivationFunction function);

// Applies the function to every element (softmax and log_softmax: to every row).
struct Activation {
  static constexpr std::string_view kind = "Activation";
  ActivationFunction function = ActivationFunction::linear;
  friend bool operator==(const Activation&, const Activation&) = default;
};

Shape infer_shape(const Activation& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Activation& layer, std::span<const Shape> src);
std::int64_t operations(const Activation& layer, std::span<const Shape> src);
// dst alone; src for those whose derivative dst does not tell: silu, softplus, gelu, mish, hard_silu.
BackwardNeeds backward_needs(const Activation& layer);

}  // namespace petal
