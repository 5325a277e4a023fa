#include "engine/layers/input.h"

namespace petal {

Shape infer_shape(const Input& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 0);
  return layer.shape;
}

std::vector<WeightDeclaration> declare_weights(const Input&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Input&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Input&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
