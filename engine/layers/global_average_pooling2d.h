#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The mean over H and W. src (N, H, W, C), dst (N, C), or (N, 1, 1, C) with keepdims.
struct GlobalAveragePooling2D {
  static constexpr std::string_view kind = "GlobalAveragePooling2D";
  bool keepdims = false;
  friend bool operator==(const GlobalAveragePooling2D&, const GlobalAveragePooling2D&) = default;
};

Shape infer_shape(const GlobalAveragePooling2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const GlobalAveragePooling2D& layer,
                                               std::span<const Shape> src);
std::int64_t operations(const GlobalAveragePooling2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const GlobalAveragePooling2D& layer);

}  // namespace petal
