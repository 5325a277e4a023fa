#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// Training: half of the photos are mirrored. One coin for both axes, as Keras 3 (Keras 2 had one each).
// Inference: nothing.
struct RandomFlip {
  static constexpr std::string_view kind = "RandomFlip";
  enum class Mode { horizontal, vertical, horizontal_and_vertical };
  Mode mode = Mode::horizontal_and_vertical;
  friend bool operator==(const RandomFlip&, const RandomFlip&) = default;
};

Shape infer_shape(const RandomFlip& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomFlip& layer, std::span<const Shape> src);
std::int64_t operations(const RandomFlip& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomFlip& layer);
std::string_view to_string(RandomFlip::Mode mode);

}  // namespace petal
