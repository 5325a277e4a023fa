#pragma once

#include <optional>

#include "engine/layers/random_parts.h"

namespace petal {

// Training: about its centre each photo shows 1 + an amount drawn from `height_factor` times its height, and
// likewise its width: a positive amount zooms out.
// Inference: nothing.
struct RandomZoom {
  static constexpr std::string_view kind = "RandomZoom";
  Range height_factor{};
  std::optional<Range> width_factor{};  // none: the height's amount, which keeps the aspect ratio
  FillMode fill_mode = FillMode::reflect;
  Interpolation interpolation = Interpolation::bilinear;
  float fill_value = 0;
  friend bool operator==(const RandomZoom&, const RandomZoom&) = default;
};

Shape infer_shape(const RandomZoom& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomZoom& layer, std::span<const Shape> src);
std::int64_t operations(const RandomZoom& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomZoom& layer);

}  // namespace petal
