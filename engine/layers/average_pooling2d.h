#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The mean of each window and channel over the real elements, padding not counted, as Keras. src (N, H, W,
// C), dst (N, H', W', C).
struct AveragePooling2D {
  static constexpr std::string_view kind = "AveragePooling2D";
  Size2D pool{2, 2};
  Size2D strides{2, 2};
  Padding padding{};
  friend bool operator==(const AveragePooling2D&, const AveragePooling2D&) = default;
};

Shape infer_shape(const AveragePooling2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const AveragePooling2D& layer, std::span<const Shape> src);
std::int64_t operations(const AveragePooling2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const AveragePooling2D& layer);

}  // namespace petal
