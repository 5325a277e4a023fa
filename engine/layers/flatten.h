#pragma once

#include "engine/layers/parts.h"

namespace petal {

// src (N, d0, d1, ...), dst (N, d0 * d1 * ...); no element moves.
struct Flatten {
  static constexpr std::string_view kind = "Flatten";
  friend bool operator==(const Flatten&, const Flatten&) = default;
};

Shape infer_shape(const Flatten& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Flatten& layer, std::span<const Shape> src);
std::int64_t operations(const Flatten& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Flatten& layer);

}  // namespace petal
