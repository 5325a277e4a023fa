#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The sum of two or more inputs of one shape.
struct Add {
  static constexpr std::string_view kind = "Add";
  friend bool operator==(const Add&, const Add&) = default;
};

Shape infer_shape(const Add& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Add& layer, std::span<const Shape> src);
std::int64_t operations(const Add& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Add& layer);

}  // namespace petal
