#include "engine/layers/zero_padding2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const ZeroPadding2D& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  require_image(where, src[0]);
  const Padding2D& pads = layer.padding;
  if (pads.top < 0 || pads.bottom < 0 || pads.left < 0 || pads.right < 0) {
    throw Error(std::string(where), "padding must not be negative");
  }
  return {src[0][0] + pads.top + pads.bottom, src[0][1] + pads.left + pads.right, src[0].back()};
}

std::vector<WeightDeclaration> declare_weights(const ZeroPadding2D&, std::span<const Shape>) {
  return {};
}

std::int64_t operations(const ZeroPadding2D&, std::span<const Shape>) {
  return 0;
}

BackwardNeeds backward_needs(const ZeroPadding2D&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
