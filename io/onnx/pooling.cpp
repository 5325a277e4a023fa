#include "io/onnx/layers.h"
#include "io/onnx/window.h"

namespace petal {
namespace {

template <class Pooling>
OnnxValue write_pooling(const Pooling& layer, const char* operation, OnnxAttributes attributes,
                        OnnxLayerWriter& writer) {
  const Window window = resolve_window(writer.node().name, image_size(writer.src()[0]), layer.pool,
                                       layer.strides, {1, 1}, layer.padding);
  for (OnnxAttribute& attribute : window_attributes(window)) attributes.push_back(std::move(attribute));
  return writer.dst(writer.add(operation, {writer.read(OnnxLayout::channels_first)}, attributes),
                    OnnxLayout::channels_first);
}

OnnxValue write_global(bool keepdims, const char* operation, OnnxLayerWriter& writer) {
  const std::string value = writer.add(operation, {writer.read(OnnxLayout::channels_first)});
  if (keepdims) return writer.dst(value, OnnxLayout::channels_first);
  return writer.dst(writer.add("Flatten", {value}), OnnxLayout::channels_last);
}

}  // namespace

OnnxValue write(const MaxPooling2D& layer, OnnxLayerWriter& writer) {
  return write_pooling(layer, "MaxPool", {}, writer);
}

OnnxValue write(const AveragePooling2D& layer, OnnxLayerWriter& writer) {
  return write_pooling(layer, "AveragePool", {{"count_include_pad", std::int64_t{0}}}, writer);
}

OnnxValue write(const GlobalAveragePooling2D& layer, OnnxLayerWriter& writer) {
  return write_global(layer.keepdims, "GlobalAveragePool", writer);
}

OnnxValue write(const GlobalMaxPooling2D& layer, OnnxLayerWriter& writer) {
  return write_global(layer.keepdims, "GlobalMaxPool", writer);
}

}  // namespace petal
