#include "engine/layers/separable_conv2d.h"

namespace petal {

DepthwiseConv2D depthwise_part(const SeparableConv2D& layer) {
  return {.kernel = layer.kernel,
          .strides = layer.strides,
          .padding = layer.padding,
          .dilation = layer.dilation,
          .depth_multiplier = layer.depth_multiplier,
          .use_bias = false,
          .depthwise_regularizer = layer.depthwise_regularizer};
}

Conv2D pointwise_part(const SeparableConv2D& layer) {
  return {.filters = layer.filters,
          .use_bias = layer.use_bias,
          .activation = layer.activation,
          .kernel_regularizer = layer.pointwise_regularizer,
          .bias_regularizer = layer.bias_regularizer};
}

Shape infer_shape(const SeparableConv2D& layer, std::string_view where, std::span<const Shape> src) {
  const Shape between = infer_shape(depthwise_part(layer), where, src);
  return infer_shape(pointwise_part(layer), where, std::span(&between, 1));
}

std::vector<WeightDeclaration> declare_weights(const SeparableConv2D& layer, std::span<const Shape> src) {
  const Shape between = infer_shape(depthwise_part(layer), "SeparableConv2D", src);
  std::vector<WeightDeclaration> weights = declare_weights(depthwise_part(layer), src);
  for (WeightDeclaration& weight : declare_weights(pointwise_part(layer), std::span(&between, 1))) {
    if (weight.name == "kernel") weight.name = "pointwise_kernel";
    weights.push_back(std::move(weight));
  }
  return weights;
}

std::int64_t operations(const SeparableConv2D& layer, std::span<const Shape> src) {
  const Shape between = infer_shape(depthwise_part(layer), "SeparableConv2D", src);
  return operations(depthwise_part(layer), src) + operations(pointwise_part(layer), std::span(&between, 1));
}

BackwardNeeds backward_needs(const SeparableConv2D& layer) {
  return backward_needs(pointwise_part(layer));
}

}  // namespace petal
