#pragma once

#include "engine/affine.h"

namespace petal::cpu {

// A photo, or a region of one, in float32: pixel (y, x) begins at pixels + y * row + x * channels.
struct PhotoView {
  const float* pixels;
  Size2D size;
  std::int64_t row;
  std::int64_t channels;
};

// Rows first to last - 1 of dst, dense and `width` pixels wide, read from src through an affine map: the
// arithmetic of engine/affine.h, that is TensorFlow's ImageProjectiveTransformV3, which stands behind Keras's
// affine_transform. Maps that only mirror and move by whole pixels within src copy.
void warp_rows(const PhotoView& src, const Sampling& sampling, const PixelAffine& map, std::int64_t width,
               std::int64_t first, std::int64_t last, float* dst);

}  // namespace petal::cpu
