#include "io/onnx/layers.h"
#include "io/onnx/window.h"

namespace petal {
namespace {

// The layer's activation on a value with channels first.
template <class Convolution>
OnnxValue activated(const Convolution& layer, const std::string& value, OnnxLayerWriter& writer) {
  return writer.dst(add_activation(layer.activation, value, OnnxLayout::channels_first, writer),
                    OnnxLayout::channels_first);
}

template <class Convolution>
OnnxAttributes convolution_attributes(const Convolution& layer, std::int64_t groups,
                                      const OnnxLayerWriter& writer) {
  const Window window = resolve_window(writer.node().name, image_size(writer.src()[0]), layer.kernel,
                                       layer.strides, layer.dilation, layer.padding);
  OnnxAttributes attributes = window_attributes(window);
  attributes.push_back({"group", groups});
  return attributes;
}

// A group a channel: output channel c * depth_multiplier + m is filter m of group c, here as in Keras.
template <class Depthwise>
std::string add_depthwise(const Depthwise& layer, const std::vector<std::string>& bias,
                          OnnxLayerWriter& writer) {
  const std::int64_t channels = writer.src()[0].shape.back();
  std::vector<std::string> inputs = {
      writer.read(OnnxLayout::channels_first),
      writer.add_weight("depthwise_kernel", {2, 3, 0, 1},
                        {channels * layer.depth_multiplier, 1, layer.kernel.height, layer.kernel.width})};
  inputs.insert(inputs.end(), bias.begin(), bias.end());
  return writer.add("Conv", inputs, convolution_attributes(layer, channels, writer));
}

// The bias as inputs: one or none.
template <class L>
std::vector<std::string> bias_of(const L& layer, OnnxLayerWriter& writer) {
  if (!layer.use_bias) return {};
  return {writer.add_weight("bias")};
}

}  // namespace

OnnxValue write(const Conv2D& layer, OnnxLayerWriter& writer) {
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_first),
                                     writer.add_weight("kernel", {3, 2, 0, 1})};
  for (std::string& bias : bias_of(layer, writer)) inputs.push_back(std::move(bias));
  return activated(layer, writer.add("Conv", inputs, convolution_attributes(layer, layer.groups, writer)),
                   writer);
}

OnnxValue write(const DepthwiseConv2D& layer, OnnxLayerWriter& writer) {
  return activated(layer, add_depthwise(layer, bias_of(layer, writer), writer), writer);
}

OnnxValue write(const SeparableConv2D& layer, OnnxLayerWriter& writer) {
  std::vector<std::string> inputs = {add_depthwise(layer, {}, writer),
                                     writer.add_weight("pointwise_kernel", {3, 2, 0, 1})};
  for (std::string& bias : bias_of(layer, writer)) inputs.push_back(std::move(bias));
  return activated(layer, writer.add("Conv", inputs), writer);
}

// ONNX's output_padding is what the strides leave over at the far side.
OnnxValue write(const Conv2DTranspose& layer, OnnxLayerWriter& writer) {
  const Window window = transposed_window(layer, writer.node().name, image_size(writer.src()[0]));
  const auto left_over = [](std::int64_t dst, std::int64_t src, std::int64_t stride, std::int64_t kernel,
                            std::int64_t dilation, std::int64_t pads) {
    return dst - ((src - 1) * stride + (kernel - 1) * dilation + 1 - pads);
  };
  const Padding2D& pads = window.padding;
  OnnxAttributes attributes = window_attributes(window);
  attributes.push_back(
      {"output_padding", std::vector<std::int64_t>{
                             left_over(window.input.height, window.output.height, window.strides.height,
                                       window.kernel.height, window.dilation.height, pads.top + pads.bottom),
                             left_over(window.input.width, window.output.width, window.strides.width,
                                       window.kernel.width, window.dilation.width, pads.left + pads.right)}});
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_first),
                                     writer.add_weight("kernel", {3, 2, 0, 1})};
  for (std::string& bias : bias_of(layer, writer)) inputs.push_back(std::move(bias));
  return activated(layer, writer.add("ConvTranspose", inputs, attributes), writer);
}

OnnxValue write(const Dense& layer, OnnxLayerWriter& writer) {
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_last), writer.add_weight("kernel")};
  for (std::string& bias : bias_of(layer, writer)) inputs.push_back(std::move(bias));
  const std::string value = writer.add("Gemm", inputs);
  return writer.dst(add_activation(layer.activation, value, OnnxLayout::channels_last, writer),
                    OnnxLayout::channels_last);
}

}  // namespace petal
