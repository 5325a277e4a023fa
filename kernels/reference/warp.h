#pragma once

#include "engine/augmentation.h"
#include "kernels/reference/kernel.h"

namespace petal::reference {

// Reads one photo (H, W, C) through an affine map: dst (height, width, C) takes its pixels from the region of
// src. Keras's affine_transform, that is TensorFlow's ImageProjectiveTransformV3: coordinates beyond the
// border are filled first, then their neighbours read; with FillMode::constant each neighbour outside is the
// fill value.
template <class T>
class Photo {
 public:
  Photo(const T* pixels, const Image& image, const Region& region, const Sampling& sampling)
      : pixels_(pixels), image_(image), region_(region), sampling_(sampling) {}

  // x and y count from the region's first pixel.
  T read(float x, float y, std::int64_t c) const {
    x = filled(sampling_.fill_mode, x, static_cast<float>(region_.size.width));
    y = filled(sampling_.fill_mode, y, static_cast<float>(region_.size.height));
    if (sampling_.interpolation == Interpolation::nearest)
      return pixel(nearest_pixel(x), nearest_pixel(y), c);
    const float left = std::floor(x), top = std::floor(y);
    const auto across = [&](float row) {
      return static_cast<T>(left + 1 - x) * pixel(left, row, c) +
             static_cast<T>(x - left) * pixel(left + 1, row, c);
    };
    return static_cast<T>(top + 1 - y) * across(top) + static_cast<T>(y - top) * across(top + 1);
  }

 private:
  T pixel(float x, float y, std::int64_t c) const {
    const bool inside = 0 <= x && x < static_cast<float>(region_.size.width) && 0 <= y &&
                        y < static_cast<float>(region_.size.height);
    if (!inside) return static_cast<T>(sampling_.fill_value);
    return pixels_[image_.at(0, region_.top + static_cast<std::int64_t>(y),
                             region_.left + static_cast<std::int64_t>(x), c)];
  }

  const T* pixels_;
  Image image_;
  Region region_;
  Sampling sampling_;
};

template <class T>
void warp(const T* src, const Image& from, const Region& region, const Sampling& sampling,
          const Affine& affine, T* dst, const Image& to) {
  const Photo<T> photo(src, from, region, sampling);
  const PixelAffine map(affine);
  for (std::int64_t y = 0; y < to.height; ++y) {
    for (std::int64_t x = 0; x < to.width; ++x) {
      const auto column = static_cast<float>(x), row = static_cast<float>(y);
      for (std::int64_t c = 0; c < to.channels; ++c) {
        dst[to.at(0, y, x, c)] = photo.read(map.x(column, row), map.y(column, row), c);
      }
    }
  }
}

}  // namespace petal::reference
