#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Rows and columns of zeros around the image. src (N, H, W, C), dst (N, H + top + bottom, W + left + right,
// C).
struct ZeroPadding2D {
  static constexpr std::string_view kind = "ZeroPadding2D";
  Padding2D padding{};
  friend bool operator==(const ZeroPadding2D&, const ZeroPadding2D&) = default;
};

Shape infer_shape(const ZeroPadding2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const ZeroPadding2D& layer, std::span<const Shape> src);
std::int64_t operations(const ZeroPadding2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const ZeroPadding2D& layer);

}  // namespace petal
