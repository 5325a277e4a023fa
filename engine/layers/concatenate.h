#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Inputs side by side along the innermost dimension, in order; the other dimensions agree.
struct Concatenate {
  static constexpr std::string_view kind = "Concatenate";
  friend bool operator==(const Concatenate&, const Concatenate&) = default;
};

Shape infer_shape(const Concatenate& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Concatenate& layer, std::span<const Shape> src);
std::int64_t operations(const Concatenate& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Concatenate& layer);

}  // namespace petal
