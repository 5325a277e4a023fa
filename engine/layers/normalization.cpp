#include "engine/layers/normalization.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Normalization& layer, std::string_view where, std::span<const Shape> src) {
  require_inputs(where, src, 1);
  if (layer.by_channel && src[0].rank() == 0) throw Error(std::string(where), "its input has no channels");
  const std::size_t count = layer.mean.size();
  const bool fits = count <= 1 || (layer.by_channel && std::ssize(layer.mean) == src[0].back());
  if (!fits || layer.variance.size() != count) {
    throw Error(std::string(where), "has " + std::to_string(count) + " means and " +
                                        std::to_string(layer.variance.size()) + " variances for an input " +
                                        src[0].to_string());
  }
  return src[0];
}

std::vector<WeightDeclaration> declare_weights(const Normalization& layer, std::span<const Shape> src) {
  if (!layer.mean.empty()) return {};
  const Shape shape = layer.by_channel ? Shape{src[0].back()} : Shape{};
  return {{"mean", shape, Role::statistic, {}},
          {"variance", shape, Role::statistic, {Initializer::Kind::ones}},
          {"count", {}, Role::statistic, {}}};
}

std::int64_t operations(const Normalization&, std::span<const Shape> src) {
  return 2 * src[0].elements();
}

BackwardNeeds backward_needs(const Normalization&) {
  return {.src = false, .dst = false};
}

}  // namespace petal
