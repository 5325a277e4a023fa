#pragma once

#include "engine/layers/parts.h"

namespace petal {

// Training: each element times a normal number of mean 1 and standard deviation sqrt(rate / (1 - rate))
// (Srivastava et al. 2014); the draws are RandomStream(seed, dropout, epoch, sample, layer).normal at the
// element's position. Inference: nothing.
struct GaussianDropout {
  static constexpr std::string_view kind = "GaussianDropout";
  float rate = 0.5f;
  friend bool operator==(const GaussianDropout&, const GaussianDropout&) = default;
};

Shape infer_shape(const GaussianDropout& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const GaussianDropout& layer, std::span<const Shape> src);
std::int64_t operations(const GaussianDropout& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const GaussianDropout& layer);

}  // namespace petal
