#pragma once

#include <vector>

#include "engine/layers/random_parts.h"

namespace petal {

// What one row (or column) of a resized image is made of: src[lower] * (1 - weight) + src[upper] * weight.
struct ResizeTap {
  std::int64_t lower, upper;
  float weight;
};

// The taps of `dst` rows out of `src`, in the float32 arithmetic of TensorFlow's resize with half-pixel
// centres (core/util/image_resizer_state.h, compute_interpolation_weights in core/kernels/image), so that
// every device takes the same pixels. Nearest: lower is the pixel, weight 0.
std::vector<ResizeTap> resize_taps(std::int64_t src, std::int64_t dst, Interpolation interpolation);

}  // namespace petal
