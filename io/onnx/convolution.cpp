#include "io/onnx/layers.h"
#include "io/onnx/window.h"

namespace petal {

// Behind the convolution's own operation: the layer's activation.
OnnxValue write(const Conv2D& layer, OnnxLayerWriter& writer) {
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_first),
                                     writer.add_weight("kernel", {3, 2, 0, 1})};
  if (layer.use_bias) inputs.push_back(writer.add_weight("bias"));
  const Window window = resolve_window(writer.node().name, image_size(writer.src()[0]), layer.kernel,
                                       layer.strides, layer.dilation, layer.padding);
  OnnxAttributes attributes = window_attributes(window);
  attributes.push_back({"group", layer.groups});
  const std::string value = writer.add("Conv", inputs, attributes);
  return writer.dst(add_activation(layer.activation, value, OnnxLayout::channels_first, writer),
                    OnnxLayout::channels_first);
}

// A group a channel: output channel c * depth_multiplier + m is filter m of group c, here as in Keras.
OnnxValue write(const DepthwiseConv2D& layer, OnnxLayerWriter& writer) {
  const std::int64_t channels = writer.src()[0].shape.back();
  std::vector<std::string> inputs = {
      writer.read(OnnxLayout::channels_first),
      writer.add_weight("depthwise_kernel", {2, 3, 0, 1},
                        {channels * layer.depth_multiplier, 1, layer.kernel.height, layer.kernel.width})};
  if (layer.use_bias) inputs.push_back(writer.add_weight("bias"));
  const Window window = resolve_window(writer.node().name, image_size(writer.src()[0]), layer.kernel,
                                       layer.strides, layer.dilation, layer.padding);
  OnnxAttributes attributes = window_attributes(window);
  attributes.push_back({"group", channels});
  const std::string value = writer.add("Conv", inputs, attributes);
  return writer.dst(add_activation(layer.activation, value, OnnxLayout::channels_first, writer),
                    OnnxLayout::channels_first);
}

OnnxValue write(const Dense& layer, OnnxLayerWriter& writer) {
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_last), writer.add_weight("kernel")};
  if (layer.use_bias) inputs.push_back(writer.add_weight("bias"));
  const std::string value = writer.add("Gemm", inputs);
  return writer.dst(add_activation(layer.activation, value, OnnxLayout::channels_last, writer),
                    OnnxLayout::channels_last);
}

}  // namespace petal
