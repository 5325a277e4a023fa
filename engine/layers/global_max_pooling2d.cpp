#include "engine/layers/global_max_pooling2d.h"

namespace petal {

Shape infer_shape(const GlobalMaxPooling2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  return layer.keepdims ? Shape{1, 1, src[0].back()} : Shape{src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const GlobalMaxPooling2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const GlobalMaxPooling2D&, std::span<const Shape> src) {
  return src[0].elements();
}

BackwardNeeds backward_needs(const GlobalMaxPooling2D&) {
  return {.src = true, .dst = true};
}

}  // namespace petal
