#pragma once

#include "engine/layers/parts.h"

namespace petal {

// src where it is positive, else negative_slope * src (Maas et al. 2013). Keras 2 calls the slope alpha.
struct LeakyReLU {
  static constexpr std::string_view kind = "LeakyReLU";
  float negative_slope = 0.3f;
  friend bool operator==(const LeakyReLU&, const LeakyReLU&) = default;
};

Shape infer_shape(const LeakyReLU& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const LeakyReLU& layer, std::span<const Shape> src);
std::int64_t operations(const LeakyReLU& layer, std::span<const Shape> src);
// dst, which is positive where src is; src where the slope is negative.
BackwardNeeds backward_needs(const LeakyReLU& layer);

}  // namespace petal
