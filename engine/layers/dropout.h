#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Training: each element is zero with probability rate, else times 1 / (1 - rate) (Srivastava et al. 2014,
// scaled as Keras); the draws are RandomStream(seed, dropout, epoch, sample, layer) at the element's
// position. Inference: nothing.
struct Dropout {
  static constexpr std::string_view kind = "Dropout";
  float rate = 0.5f;
  friend bool operator==(const Dropout&, const Dropout&) = default;
};

Shape infer_shape(const Dropout& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Dropout& layer, std::span<const Shape> src);
std::int64_t operations(const Dropout& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Dropout& layer);

}  // namespace petal
