#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// Training: each photo turns counter-clockwise about its centre by an angle drawn from `factor`, in whole
// turns: 0.2 is 72 degrees. Inference: nothing.
struct RandomRotation {
  static constexpr std::string_view kind = "RandomRotation";
  Range factor{};
  FillMode fill_mode = FillMode::reflect;
  Interpolation interpolation = Interpolation::bilinear;
  float fill_value = 0;
  friend bool operator==(const RandomRotation&, const RandomRotation&) = default;
};

Shape infer_shape(const RandomRotation& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomRotation& layer, std::span<const Shape> src);
std::int64_t operations(const RandomRotation& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomRotation& layer);

}  // namespace petal
