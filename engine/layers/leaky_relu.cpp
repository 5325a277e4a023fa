#include "engine/layers/leaky_relu.h"

namespace petal {

Shape infer_shape(const LeakyReLU&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const LeakyReLU&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const LeakyReLU&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const LeakyReLU& layer) {
  const bool same_sign = layer.negative_slope >= 0.0f;
  return {.src = !same_sign, .dst = same_sign};
}

}  // namespace petal
