#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The largest element over H and W. src (N, H, W, C), dst (N, C), or (N, 1, 1, C) with keepdims. Where
// several elements are the largest, each takes the same share of the gradient, as TensorFlow's reduce_max.
struct GlobalMaxPooling2D {
  static constexpr std::string_view kind = "GlobalMaxPooling2D";
  bool keepdims = false;
  friend bool operator==(const GlobalMaxPooling2D&, const GlobalMaxPooling2D&) = default;
};

Shape infer_shape(const GlobalMaxPooling2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const GlobalMaxPooling2D& layer, std::span<const Shape> src);
std::int64_t operations(const GlobalMaxPooling2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const GlobalMaxPooling2D& layer);

}  // namespace petal
