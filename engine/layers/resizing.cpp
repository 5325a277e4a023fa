#include "engine/layers/resizing.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Resizing& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  if (layer.height < 1 || layer.width < 1) {
    throw Error(std::string(where), "height and width must be 1 or more");
  }
  return {layer.height, layer.width, src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const Resizing&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Resizing& layer, std::span<const Shape> src) {
  return resize_operations(layer.interpolation, infer_shape(layer, "Resizing", src));
}

BackwardNeeds backward_needs(const Resizing&) {
  return {.src = false, .dst = false};
}

std::int64_t resize_operations(Interpolation interpolation, const Shape& dst) {
  return interpolation == Interpolation::bilinear ? 9 * dst.elements() : 0;
}

}  // namespace petal
