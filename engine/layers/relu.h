#pragma once

#include <limits>

#include "engine/layers/parts.h"

namespace petal {

// Keras's ReLU layer with its options: max_value where that or more comes in, src above the threshold, and
// negative_slope * (src - threshold) up to it. All three are 0 or more. With neither option, or with a
// max_value of 6 alone, Activation relu and relu6 say the same and merge with the layer in front.
struct ReLU {
  static constexpr std::string_view kind = "ReLU";
  float max_value = std::numeric_limits<float>::infinity();
  float negative_slope = 0.0f;
  float threshold = 0.0f;
  friend bool operator==(const ReLU&, const ReLU&) = default;
};

Shape infer_shape(const ReLU& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const ReLU& layer, std::span<const Shape> src);
std::int64_t operations(const ReLU& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const ReLU& layer);

}  // namespace petal
