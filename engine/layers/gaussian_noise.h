#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Training: each element plus a normal number of mean 0 and standard deviation stddev; the draws are
// RandomStream(seed, dropout, epoch, sample, layer).normal at the element's position. Inference: nothing.
struct GaussianNoise {
  static constexpr std::string_view kind = "GaussianNoise";
  float stddev = 0.1f;
  friend bool operator==(const GaussianNoise&, const GaussianNoise&) = default;
};

Shape infer_shape(const GaussianNoise& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const GaussianNoise& layer, std::span<const Shape> src);
std::int64_t operations(const GaussianNoise& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const GaussianNoise& layer);

}  // namespace petal
