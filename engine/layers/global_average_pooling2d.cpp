#include "engine/layers/global_average_pooling2d.h"

namespace petal {

Shape infer_shape(const GlobalAveragePooling2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  return layer.keepdims ? Shape{1, 1, src[0].back()} : Shape{src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const GlobalAveragePooling2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const GlobalAveragePooling2D&, std::span<const Shape> src) {
  return src[0].elements();
}

BackwardNeeds backward_needs(const GlobalAveragePooling2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
