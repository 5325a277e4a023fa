#include "engine/layers/cropping2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Cropping2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  const Padding2D& cut = layer.cropping;
  const std::int64_t height = src[0][0] - cut.top - cut.bottom, width = src[0][1] - cut.left - cut.right;
  if (cut.top < 0 || cut.bottom < 0 || cut.left < 0 || cut.right < 0 || height < 1 || width < 1) {
    throw Error(std::string(where), "its cropping leaves nothing of " + src[0].to_string());
  }
  return {height, width, src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const Cropping2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const Cropping2D&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const Cropping2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
