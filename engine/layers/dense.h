#pragma once

#include "engine/layers/activation.h"
#include "engine/layers/parts.h"

namespace petal {

// dst (N, units) = activation(src (N, D) * kernel (D, units) + bias (units) [+ residual]).
struct Dense {
  static constexpr std::string_view kind = "Dense";
  std::int64_t units = 1;
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  friend bool operator==(const Dense&, const Dense&) = default;
};

Shape infer_shape(const Dense& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Dense& layer, std::span<const Shape> src);
std::int64_t operations(const Dense& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Dense& layer);

}  // namespace petal
