#include "engine/layers/layer_normalization.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const LayerNormalization& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  const auto rank = static_cast<std::int64_t>(src[0].rank());
  if (layer.dimensions < 1 || layer.dimensions > rank) {
    throw Error(std::string(where), "normalises " + std::to_string(layer.dimensions) +
                                        " dimensions; its input has " + std::to_string(rank));
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const LayerNormalization& layer, std::span<const Shape> src) {
  const Shape shape(src[0].dims().last(static_cast<std::size_t>(layer.dimensions)));
  std::vector<WeightDeclaration> weights;
  if (layer.scale) weights.push_back({"gamma", shape, Role::weight, {Initializer::Kind::ones}});
  if (layer.center) weights.push_back({"beta", shape, Role::weight, {}});
  return weights;
}

std::int64_t operations(const LayerNormalization&, std::span<const Shape> src) {
  return 8 * src[0].elements();
}

BackwardNeeds backward_needs(const LayerNormalization&) {
  return {.src = true, .dst = false};
}

}  // namespace petal
