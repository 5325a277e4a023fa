#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// (H, W, C) -> (height, width, C). Training, and the photo is larger both ways: a window of it, at a place
// drawn for each photo (Keras draws one for the whole batch). Else the largest window in the photo's middle
// with the target's aspect ratio, resized (bilinear, half-pixel centres, no antialiasing), as Keras 2 does
// and Keras 3 documents; Keras 3.15 returns the photo in its own size in inference, which fits no layer
// behind it.
struct RandomCrop {
  static constexpr std::string_view kind = "RandomCrop";
  std::int64_t height = 1;
  std::int64_t width = 1;
  friend bool operator==(const RandomCrop&, const RandomCrop&) = default;
};

Shape infer_shape(const RandomCrop& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomCrop& layer, std::span<const Shape> src);
std::int64_t operations(const RandomCrop& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomCrop& layer);
// Whether a window of a photo of this size has places to choose from.
bool crops_at_random(const RandomCrop& layer, Size2D photo);

}  // namespace petal
