#include "engine/layers/max_pooling2d.h"

#include "engine/layers/pooling_window.h"

namespace petal {

Shape infer_shape(const MaxPooling2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  const Window window = pooling_window(where, src[0], layer.pool, layer.strides, layer.padding);
  return {window.output.height, window.output.width, src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const MaxPooling2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const MaxPooling2D& layer, std::span<const Shape> src) {
  return infer_shape(layer, "MaxPooling2D", src).elements() * layer.pool.height * layer.pool.width;
}

BackwardNeeds backward_needs(const MaxPooling2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
