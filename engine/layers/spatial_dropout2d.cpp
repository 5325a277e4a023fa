#include "engine/layers/spatial_dropout2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const SpatialDropout2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  if (!(layer.rate >= 0.0f && layer.rate < 1.0f)) {
    throw Error(std::string(where), "rate " + std::to_string(layer.rate) + " must be at least 0 and below 1");
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const SpatialDropout2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const SpatialDropout2D&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const SpatialDropout2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
