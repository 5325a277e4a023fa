#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Keras's activation functions: linear x; relu max(x, 0); relu6 min(max(x, 0), 6); sigmoid 1 / (1 + exp(-x));
// softmax exp(x_c) / sum_c exp(x_c) along the innermost dimension.
enum class ActivationFunction { linear, relu, relu6, sigmoid, softmax };

// "linear", "relu", ...
std::string_view to_string(ActivationFunction function);
// Throws Error(`where`) that lists the known names.
ActivationFunction activation_function(std::string_view where, std::string_view name);

// Applies the function to every element (softmax: to every row). Backward needs dst alone.
struct Activation {
  static constexpr std::string_view kind = "Activation";
  ActivationFunction function = ActivationFunction::linear;
  friend bool operator==(const Activation&, const Activation&) = default;
};

Shape infer_shape(const Activation& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Activation& layer, std::span<const Shape> src);
std::int64_t operations(const Activation& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Activation& layer);

}  // namespace petal
