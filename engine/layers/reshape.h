#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The same elements as (N, target...); one dimension of target may be -1 and is then what remains.
struct Reshape {
  static constexpr std::string_view kind = "Reshape";
  std::vector<std::int64_t> target{};
  friend bool operator==(const Reshape&, const Reshape&) = default;
};

Shape infer_shape(const Reshape& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Reshape& layer, std::span<const Shape> src);
std::int64_t operations(const Reshape& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Reshape& layer);

}  // namespace petal
