#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// The image at another size, as TensorFlow's resize with half-pixel centres and without antialiasing: nearest
// takes pixel floor((i + 0.5) * scale), bilinear reads between pixels at (i + 0.5) * scale - 0.5, in float32.
// src (N, H, W, C), dst (N, height, width, C).
struct Resizing {
  static constexpr std::string_view kind = "Resizing";
  std::int64_t height = 1;
  std::int64_t width = 1;
  Interpolation interpolation = Interpolation::bilinear;
  friend bool operator==(const Resizing&, const Resizing&) = default;
};

Shape infer_shape(const Resizing& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Resizing& layer, std::span<const Shape> src);
std::int64_t operations(const Resizing& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Resizing& layer);

// Of UpSampling2D and Resizing: three lerps an element of dst.
std::int64_t resize_operations(Interpolation interpolation, const Shape& dst);

}  // namespace petal
