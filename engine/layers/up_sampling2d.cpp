#include "engine/layers/up_sampling2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const UpSampling2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  if (layer.size.height < 1 || layer.size.width < 1) {
    throw Error(std::string(where), "size must be 1 or more");
  }
  return {src[0][0] * layer.size.height, src[0][1] * layer.size.width, src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const UpSampling2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const UpSampling2D& layer, std::span<const Shape> src) {
  return resize_operations(layer.interpolation, infer_shape(layer, "UpSampling2D", src));
}

BackwardNeeds backward_needs(const UpSampling2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
