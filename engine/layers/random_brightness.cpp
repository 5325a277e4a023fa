#include "engine/layers/random_brightness.h"

namespace petal {

Shape infer_shape(const RandomBrightness& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  require_range(where, "factor", layer.factor, -1, 1);
  require_value_range(where, layer.value_range);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const RandomBrightness&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomBrightness&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomBrightness&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
