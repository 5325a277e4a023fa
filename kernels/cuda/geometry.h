#pragma once

#include "engine/layers/parts.h"
#include "kernels/cuda/launch.h"

namespace petal::cuda {

// The place of an element of (N, H, W, C).
struct Place {
  Index n, y, x, c;
};

// Sizes of (N, H, W, C), and the place of an element.
struct Image {
  Index batch = 1, height = 1, width = 1, channels = 1;

  Image() = default;
  explicit Image(const Shape& shape)
      : batch(shape[0]), height(shape[1]), width(shape[2]), channels(shape[3]) {}
  // Rows of channels: (N, C) and the like.
  Image(Index rows, Index row_channels) : batch(rows), channels(row_channels) {}

  PETAL_BODY Index elements() const { return batch * height * width * channels; }
  PETAL_BODY Index at(Index n, Index y, Index x, Index c) const {
    return ((n * height + y) * width + x) * channels + c;
  }
  PETAL_BODY Index at(const Place& place) const { return at(place.n, place.y, place.x, place.c); }
  PETAL_BODY Place place(Index element) const {
    const Index pixel = element / channels, row = pixel / width;
    return {row / height, row % height, pixel % width, element % channels};
  }
  PETAL_BODY bool holds(Index y, Index x) const { return y >= 0 && y < height && x >= 0 && x < width; }
};

}  // namespace petal::cuda
