#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Where samples enter a graph. One sample has `shape`; images are (H, W, C) in 0..255.
struct Input {
  static constexpr std::string_view kind = "InputLayer";
  Shape shape{};
  friend bool operator==(const Input&, const Input&) = default;
};

Shape infer_shape(const Input& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Input& layer, std::span<const Shape> src);
std::int64_t operations(const Input& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Input& layer);

}  // namespace petal
