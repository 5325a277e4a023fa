#pragma once

#include <cmath>

#include "engine/layers/random_parts.h"

namespace petal {

// Where the pixels of an image come from in another: the pixel in column x and row y of dst (0, 0 is the
// first pixel's centre) is read at (xx * x + xy * y + x0, yx * x + yy * y + y0) of src.
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
  friend bool operator==(const Affine&, const Affine&) = default;
};

// First `first`, then `second`, on the way of the photo.
Affine compose(const Affine& first, const Affine& second);

// Keras's matrices (keras/src/layers/preprocessing/image_preprocessing), the centre at ((width - 1) / 2,
// (height - 1) / 2).
Affine mirrored(Size2D photo, bool horizontally, bool vertically);
Affine rotated(Size2D photo, double radians);              // counter-clockwise as seen
Affine zoomed(Size2D photo, double height, double width);  // dst shows that many times src's size
Affine translated(double down, double right);              // in pixels
Affine cropped(std::int64_t top, std::int64_t left);       // a window of src that begins there
Affine resized(Size2D src, Size2D dst);                    // half-pixel centres

// The same in float32, in which the coordinates are computed on every device and in every precision, in this
// order and without fused multiply-add, as TensorFlow does: so that all of them take the same pixels. What is
// constexpr here runs in device code too.
struct PixelAffine {
  float xx, xy, x0, yx, yy, y0;
  explicit PixelAffine(const Affine& affine);
  constexpr float x(float column, float row) const { return (xx * column + xy * row) + x0; }
  constexpr float y(float column, float row) const { return (yx * column + yy * row) + y0; }
};

// The coordinate in 0..size-1 whose value stands at `at`, in TensorFlow's arithmetic (MapCoordinate in
// core/kernels/image/image_ops.h). FillMode::constant changes none. No branches that keep a loop from running
// in vectors.
constexpr float filled(FillMode mode, float at, float size) {
  const float last = size - 1;
  float inside = at;
  if (mode == FillMode::reflect) {
    const float period = 2 * size, distance = std::abs(at);
    const float rest = distance - period * std::trunc(distance / period);
    const float mirrored_before = rest > size ? period - rest : rest - 1;
    const float mirrored_behind = rest >= size ? (period - rest) - 1 : rest;
    inside = at < 0 ? mirrored_before : mirrored_behind;
  } else if (mode == FillMode::wrap) {
    if (size == 1) return 0;
    // TensorFlow's steps are a pixel shorter than the photo; its result is cut to the photo in the end.
    const float steps = std::trunc(std::abs(at) / last);
    const float behind = at > last ? at - size * steps : at;
    inside = at < 0 ? at + size * (steps + 1) : behind;
  } else if (mode == FillMode::constant) {
    return at;
  }
  const float from_first = inside > 0 ? inside : 0;
  return from_first < last ? from_first : last;
}

// The pixel nearest to a coordinate, halves away from zero; still a float, so that it may lie outside.
constexpr float nearest_pixel(float at) {
  const float whole = std::trunc(at);
  const float rest = at - whole;
  return whole + (rest >= 0.5f ? 1.0f : rest <= -0.5f ? -1.0f : 0.0f);
}

}  // namespace petal
