#include "engine/layers/random_zoom.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const RandomZoom& layer, std::string_view where, std::span<const Shape> src) {
  require_photo(where, src);
  for (const Range& factor : {layer.height_factor, layer.width_factor.value_or(layer.height_factor)}) {
    require_range(where, "zoom factor", factor, -1, 1);
    if (factor.lower == -1) throw Error(std::string(where), "a zoom factor must be above -1");
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const RandomZoom&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const RandomZoom&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const RandomZoom&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
