#pragma once

#include "engine/layers/parts.h"

namespace petal {

// src where it is positive, else alpha * (exp(src) - 1) (Clevert et al. 2016).
struct ELU {
  static constexpr std::string_view kind = "ELU";
  float alpha = 1.0f;
  friend bool operator==(const ELU&, const ELU&) = default;
};

Shape infer_shape(const ELU& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const ELU& layer, std::span<const Shape> src);
std::int64_t operations(const ELU& layer, std::span<const Shape> src);
// dst, which is positive where src is; src where alpha is negative.
BackwardNeeds backward_needs(const ELU& layer);

}  // namespace petal
