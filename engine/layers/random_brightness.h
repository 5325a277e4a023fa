#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// Training: dst = src + an amount drawn from `factor` times the width of value_range, cut to value_range.
// Inference: nothing.
struct RandomBrightness {
  static constexpr std::string_view kind = "RandomBrightness";
  Range factor{};
  Range value_range{0, 255};
  friend bool operator==(const RandomBrightness&, const RandomBrightness&) = default;
};

Shape infer_shape(const RandomBrightness& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomBrightness& layer, std::span<const Shape> src);
std::int64_t operations(const RandomBrightness& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomBrightness& layer);

}  // namespace petal
