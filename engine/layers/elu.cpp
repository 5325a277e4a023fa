#include "engine/layers/elu.h"

namespace petal {

Shape infer_shape(const ELU&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const ELU&, std::span<const Shape>) {
  return {};
}

// An exponential counts as one.
std::int64_t operations(const ELU&, std::span<const Shape> src) {
  return 3 * src[0].elements();
}

BackwardNeeds backward_needs(const ELU& layer) {
  const bool same_sign = layer.alpha >= 0.0f;
  return {.src = !same_sign, .dst = same_sign};
}

}  // namespace petal
