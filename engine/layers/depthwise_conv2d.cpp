#include "engine/layers/depthwise_conv2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const DepthwiseConv2D& layer, std::string_view where, std::span<const Shape> src) {
  if (src.empty()) require_inputs(where, src, 1);
  require_image(where, src[0]);
  if (layer.depth_multiplier < 1) {
    throw Error(std::string(where),
                "depth_multiplier " + std::to_string(layer.depth_multiplier) + " must be 1 or more");
  }
  const Window window = resolve_window(where, {src[0][0], src[0][1]}, layer.kernel, layer.strides,
                                       layer.dilation, layer.padding);
  return {window.output.height, window.output.width, src[0].back() * layer.depth_multiplier};
}

std::vector<WeightDeclaration> declare_weights(const DepthwiseConv2D& layer, std::span<const Shape> src) {
  const std::int64_t field = layer.kernel.height * layer.kernel.width;
  const std::int64_t channels = src[0].back();
  std::vector<WeightDeclaration> weights = {
      {"depthwise_kernel",
       {layer.kernel.height, layer.kernel.width, channels, layer.depth_multiplier},
       Role::weight,
       {Initializer::Kind::glorot_uniform, field * channels, field * layer.depth_multiplier},
       layer.depthwise_regularizer}};
  if (layer.use_bias)
    weights.push_back(
        {"bias", {channels * layer.depth_multiplier}, Role::weight, {}, layer.bias_regularizer});
  return weights;
}

std::int64_t operations(const DepthwiseConv2D& layer, std::span<const Shape> src) {
  const Shape dst = infer_shape(layer, "DepthwiseConv2D", src);
  return dst.elements() * (2 * layer.kernel.height * layer.kernel.width + (layer.use_bias ? 1 : 0));
}

BackwardNeeds backward_needs(const DepthwiseConv2D& layer) {
  return {.src = true, .dst = layer.activation != ActivationFunction::linear};
}

}  // namespace petal
