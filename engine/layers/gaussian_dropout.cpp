#include "engine/layers/gaussian_dropout.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const GaussianDropout& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  if (!(layer.rate >= 0.0f && layer.rate < 1.0f)) {
    throw Error(std::string(where), "rate " + std::to_string(layer.rate) + " must be at least 0 and below 1");
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const GaussianDropout&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const GaussianDropout&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const GaussianDropout&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
