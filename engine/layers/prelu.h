#pragma once

#include "engine/layers/parts.h"

namespace petal {

// src where it is positive, else alpha * src with a learned alpha (He et al. 2015). The weight alpha has the
// shape of one sample with 1 for each of the shared axes, which count from 1 as Keras counts them (0 is N).
// They are none, or leading ones without a gap: {1, 2} is one alpha a channel.
struct PReLU {
  static constexpr std::string_view kind = "PReLU";
  std::vector<std::int64_t> shared_axes{};
  Regularizer alpha_regularizer{};
  friend bool operator==(const PReLU&, const PReLU&) = default;
};

// Throws Error(`where`) for other shared axes.
Shape infer_shape(const PReLU& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const PReLU& layer, std::span<const Shape> src);
std::int64_t operations(const PReLU& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const PReLU& layer);

}  // namespace petal
