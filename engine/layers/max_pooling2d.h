#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The largest element of each window and channel; padding never wins. src (N, H, W, C), dst (N, H', W', C).
struct MaxPooling2D {
  static constexpr std::string_view kind = "MaxPooling2D";
  Size2D pool{2, 2};
  Size2D strides{2, 2};
  Padding padding{};
  friend bool operator==(const MaxPooling2D&, const MaxPooling2D&) = default;
};

Shape infer_shape(const MaxPooling2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const MaxPooling2D& layer, std::span<const Shape> src);
std::int64_t operations(const MaxPooling2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const MaxPooling2D& layer);

}  // namespace petal
