#include "engine/layers/rescaling.h"

namespace petal {

Shape infer_shape(const Rescaling&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Rescaling&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Rescaling&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const Rescaling&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
