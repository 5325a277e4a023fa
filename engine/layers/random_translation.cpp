#include "engine/layers/random_translation.h"

namespace petal {

Shape infer_shape(const RandomTranslation& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  require_range(where, "height_factor", layer.height_factor, -1, 1);
  require_range(where, "width_factor", layer.width_factor, -1, 1);
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const RandomTranslation&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomTranslation&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomTranslation&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
