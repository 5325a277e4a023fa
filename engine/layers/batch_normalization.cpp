#include "engine/layers/batch_normalization.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const BatchNormalization&, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  if (src[0].rank() == 0) throw Error(std::string(where), "its input has no channels");
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const BatchNormalization& layer, std::span<const Shape> src) {
  const Shape channels = {src[0].back()};
  const Initializer ones = {Initializer::Kind::ones};
  std::vector<WeightDeclaration> weights;
  if (layer.scale) weights.push_back({"gamma", channels, Role::weight, ones});
  if (layer.center) weights.push_back({"beta", channels, Role::weight, {}});
  weights.push_back({"moving_mean", channels, Role::statistic, {}});
  weights.push_back({"moving_variance", channels, Role::statistic, ones});
  return weights;
}

std::int64_t operations(const BatchNormalization&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const BatchNormalization&) {
  return {.src = true, .dst = false};
}

}  // namespace petal
