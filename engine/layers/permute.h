#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Dimensions in another order: dimension i of dst is dimension dims[i] of src, counted from 1 (N is 0), as
// Keras.
struct Permute {
  static constexpr std::string_view kind = "Permute";
  std::vector<std::int64_t> dims{};
  friend bool operator==(const Permute&, const Permute&) = default;
};

Shape infer_shape(const Permute& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Permute& layer, std::span<const Shape> src);
std::int64_t operations(const Permute& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Permute& layer);

}  // namespace petal
