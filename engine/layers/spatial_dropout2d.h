#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Dropout of whole channels: in training each channel of a sample is zero with probability rate, else times 1
// / (1 - rate) (Tompson et al. 2015); the draws are RandomStream(seed, dropout, epoch, sample, layer) at the
// channel's number. Inference: nothing.
struct SpatialDropout2D {
  static constexpr std::string_view kind = "SpatialDropout2D";
  float rate = 0.5f;
  friend bool operator==(const SpatialDropout2D&, const SpatialDropout2D&) = default;
};

Shape infer_shape(const SpatialDropout2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const SpatialDropout2D& layer, std::span<const Shape> src);
std::int64_t operations(const SpatialDropout2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const SpatialDropout2D& layer);

}  // namespace petal
