#include "engine/layers/flatten.h"

namespace petal {

Shape infer_shape(const Flatten&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  return {src[0].elements()};
}

std::vector<WeightDeclaration> declare_weights(const Flatten&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Flatten&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Flatten&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
