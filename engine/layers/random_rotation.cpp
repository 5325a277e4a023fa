#include "engine/layers/random_rotation.h"

namespace petal {

Shape infer_shape(const RandomRotation& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  require_range(where, "factor", layer.factor, -1, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const RandomRotation&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomRotation&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomRotation&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
