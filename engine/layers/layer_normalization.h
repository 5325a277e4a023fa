#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Ba, Kiros & Hinton 2016, over the `dimensions` innermost dimensions together: dst = gamma * (src - mean) /
// sqrt(variance + epsilon) + beta with the mean and (biased) variance of each sample's every place. gamma and
// beta have the shape of those dimensions.
struct LayerNormalization {
  static constexpr std::string_view kind = "LayerNormalization";
  std::int64_t dimensions = 1;
  float epsilon = 1e-3f;
  bool scale = true;   // has gamma
  bool center = true;  // has beta
  friend bool operator==(const LayerNormalization&, const LayerNormalization&) = default;
};

Shape infer_shape(const LayerNormalization& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const LayerNormalization& layer, std::span<const Shape> src);
std::int64_t operations(const LayerNormalization& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const LayerNormalization& layer);

}  // namespace petal
