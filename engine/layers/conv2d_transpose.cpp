#include "engine/layers/conv2d_transpose.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {

Shape infer_shape(const Conv2DTranspose& layer, std::string_view where, std::span<const Shape> src) {
  if (src.empty()) require_inputs(where, src, 1);
  require_image(where, src[0]);
  if (layer.filters < 1) throw Error(std::string(where), "filters must be 1 or more");
  const Window window = transposed_window(layer, where, {src[0][0], src[0][1]});
  return {window.input.height, window.input.width, layer.filters};
}

std::vector<WeightDeclaration> declare_weights(const Conv2DTranspose& layer, std::span<const Shape> src) {
  const std::int64_t field = layer.kernel.height * layer.kernel.width;
  const std::int64_t channels = src[0].back();
  std::vector<WeightDeclaration> weights = {
      {"kernel",
       {layer.kernel.height, layer.kernel.width, layer.filters, channels},
       Role::weight,
       {Initializer::Kind::glorot_uniform, field * layer.filters, field * channels},
       layer.kernel_regularizer}};
  if (layer.use_bias) weights.push_back({"bias", {layer.filters}, Role::weight, {}, layer.bias_regularizer});
  return weights;
}

std::int64_t operations(const Conv2DTranspose& layer, std::span<const Shape> src) {
  const Shape dst = infer_shape(layer, "Conv2DTranspose", src);
  const std::int64_t field = layer.kernel.height * layer.kernel.width;
  return 2 * field * src[0].elements() * layer.filters + (layer.use_bias ? dst.elements() : 0);
}

BackwardNeeds backward_needs(const Conv2DTranspose& layer) {
  return {.src = true, .dst = layer.activation != ActivationFunction::linear};
}

Window transposed_window(const Conv2DTranspose& layer, std::string_view where, Size2D src) {
  if (layer.padding.kind == Padding::Kind::explicit_) {
    throw Error(std::string(where), "takes `valid` and `same` padding alone");
  }
  const auto size = [&](std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
    const std::int64_t extent = (kernel - 1) * dilation + 1;
    const bool same = layer.padding.kind == Padding::Kind::same;
    return in * stride + (same ? 0 : std::max<std::int64_t>(extent - stride, 0));
  };
  const Size2D dst = {size(src.height, layer.kernel.height, layer.strides.height, layer.dilation.height),
                      size(src.width, layer.kernel.width, layer.strides.width, layer.dilation.width)};
  return resolve_window(where, dst, layer.kernel, layer.strides, layer.dilation, layer.padding);
}

}  // namespace petal
