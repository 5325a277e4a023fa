#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// Training: each photo moves down and to the right by amounts drawn from the factors, as fractions of its
// height and width. Inference: nothing.
struct RandomTranslation {
  static constexpr std::string_view kind = "RandomTranslation";
  Range height_factor{};
  Range width_factor{};
  FillMode fill_mode = FillMode::reflect;
  Interpolation interpolation = Interpolation::bilinear;
  float fill_value = 0;
  friend bool operator==(const RandomTranslation&, const RandomTranslation&) = default;
};

Shape infer_shape(const RandomTranslation& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomTranslation& layer, std::span<const Shape> src);
std::int64_t operations(const RandomTranslation& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomTranslation& layer);

}  // namespace petal
