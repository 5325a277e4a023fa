#include "engine/layers/gaussian_noise.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const GaussianNoise& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  if (!(layer.stddev >= 0.0f && layer.stddev <= 1.0f)) {
    throw Error(std::string(where), "stddev " + std::to_string(layer.stddev) + " must be in [0, 1]");
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const GaussianNoise&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const GaussianNoise&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const GaussianNoise&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
