#pragma once

#include "engine/layers/resizing.h"

namespace petal {

// The image at a whole multiple of its size, as Keras: nearest repeats each row and column, bilinear is
// TensorFlow's resize with half-pixel centres. src (N, H, W, C), dst (N, H * size.height, W * size.width, C).
struct UpSampling2D {
  static constexpr std::string_view kind = "UpSampling2D";
  Size2D size{2, 2};
  Interpolation interpolation = Interpolation::nearest;
  friend bool operator==(const UpSampling2D&, const UpSampling2D&) = default;
};

Shape infer_shape(const UpSampling2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const UpSampling2D& layer, std::span<const Shape> src);
std::int64_t operations(const UpSampling2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const UpSampling2D& layer);

}  // namespace petal
