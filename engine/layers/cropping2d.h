#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Rows and columns cut off the image. src (N, H, W, C), dst (N, H - top - bottom, W - left - right, C).
struct Cropping2D {
  static constexpr std::string_view kind = "Cropping2D";
  Padding2D cropping{};
  friend bool operator==(const Cropping2D&, const Cropping2D&) = default;
};

Shape infer_shape(const Cropping2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Cropping2D& layer, std::span<const Shape> src);
std::int64_t operations(const Cropping2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Cropping2D& layer);

}  // namespace petal
