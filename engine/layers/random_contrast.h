#pragma once

#include "engine/layers/random_parts.h"

namespace petal {

// Training: dst = (src - mean) * c + mean, cut to value_range, where `mean` is the channel's over the photo
// and c is drawn from 1 - factor.lower to 1 + factor.upper. Keras's documentation says that RandomContrast(f)
// is {f, f}; its code (3.15) makes {0, f} of it, and {f, f} of RandomContrast((f, f)). Inference: nothing.
struct RandomContrast {
  static constexpr std::string_view kind = "RandomContrast";
  Range factor{};
  Range value_range{0, 255};
  friend bool operator==(const RandomContrast&, const RandomContrast&) = default;
};

Shape infer_shape(const RandomContrast& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const RandomContrast& layer, std::span<const Shape> src);
std::int64_t operations(const RandomContrast& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const RandomContrast& layer);

}  // namespace petal
