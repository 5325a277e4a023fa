#include "engine/layers/conv2d.h"

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Conv2D& layer, std::string_view where, std::span<const Shape> src) {
  if (src.empty()) require_inputs(where, src, 1);
  require_image(where, src[0]);
  const std::int64_t channels = src[0].back();
  if (layer.groups < 1 || layer.filters < 1 || channels % layer.groups != 0 ||
      layer.filters % layer.groups != 0) {
    throw Error(std::string(where), std::to_string(channels) + " channels and " +
                                        std::to_string(layer.filters) + " filters do not divide into " +
                                        std::to_string(layer.groups) + " groups");
  }
  const Window window = resolve_window(where, {src[0][0], src[0][1]}, layer.kernel, layer.strides,
                                       layer.dilation, layer.padding);
  return {window.output.height, window.output.width, layer.filters};
}

std::vector<WeightDeclaration> declare_weights(const Conv2D& layer, std::span<const Shape> src) {
  const std::int64_t field = layer.kernel.height * layer.kernel.width;
  const std::int64_t channels = src[0].back() / layer.groups;
  Initializer kernel = layer.kernel_initializer;
  kernel.fan_in = field * channels;
  kernel.fan_out = field * layer.filters;
  std::vector<WeightDeclaration> weights = {
      {"kernel",
       {layer.kernel.height, layer.kernel.width, channels, layer.filters},
       Role::weight,
       std::move(kernel),
       layer.kernel_regularizer}};
  if (layer.use_bias) {
    weights.push_back(
        {"bias", {layer.filters}, Role::weight, layer.bias_initializer, layer.bias_regularizer});
  }
  return weights;
}

std::int64_t operations(const Conv2D& layer, std::span<const Shape> src) {
  const Shape dst = infer_shape(layer, "Conv2D", src);
  const std::int64_t field = layer.kernel.height * layer.kernel.width;
  return dst.elements() * (2 * field * src[0].back() / layer.groups + (layer.use_bias ? 1 : 0));
}

BackwardNeeds backward_needs(const Conv2D& layer) {
  return {.src = true, .dst = layer.activation != ActivationFunction::linear};
}

}  // namespace petal
