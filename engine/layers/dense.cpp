#include "engine/layers/dense.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Dense& layer, std::string_view where, std::span<const Shape> src) {
  if (src.empty()) require_inputs(where, src, 1);
  if (src[0].rank() != 1) {
    throw Error(std::string(where),
                "its input is " + src[0].to_string() + "; put Flatten or pooling in front of it");
  }
  if (layer.units < 1) throw Error(std::string(where), "units must be 1 or more");
  return {layer.units};
}

std::vector<WeightDeclaration> declare_weights(const Dense& layer, std::span<const Shape> src) {
  const std::int64_t width = src[0].back();
  std::vector<WeightDeclaration> weights = {{"kernel",
                                             {width, layer.units},
                                             Role::weight,
                                             {Initializer::Kind::glorot_uniform, width, layer.units},
                                             layer.kernel_regularizer}};
  if (layer.use_bias) weights.push_back({"bias", {layer.units}, Role::weight, {}, layer.bias_regularizer});
  return weights;
}

std::int64_t operations(const Dense& layer, std::span<const Shape> src) {
  return layer.units * (2 * src[0].back() + (layer.use_bias ? 1 : 0));
}

BackwardNeeds backward_needs(const Dense& layer) {
  return {.src = true, .dst = layer.activation != ActivationFunction::linear};
}

}  // namespace petal
