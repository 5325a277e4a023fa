#include "io/onnx/layers.h"

namespace petal {

OnnxValue write(const Concatenate&, OnnxLayerWriter& writer) {
  const OnnxLayout layout = writer.src()[0].layout;
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < writer.src().size(); ++i) inputs.push_back(writer.read(layout, i));
  const std::int64_t channels = layout == OnnxLayout::channels_first ? 1 : -1;
  return writer.dst(writer.add("Concat", inputs, {{"axis", channels}}), layout);
}

OnnxValue write(const ZeroPadding2D& layer, OnnxLayerWriter& writer) {
  const Padding2D& p = layer.padding;
  const std::string pads = writer.add_constant("pads", {0, 0, p.top, p.left, 0, 0, p.bottom, p.right});
  std::vector<std::string> inputs = {writer.read(OnnxLayout::channels_first), pads};
  // ONNX Runtime (1.31, its PadFusion) takes a padding of zeros into a pooling behind it: a max pooling pads
  // with minus infinity, and none may pad by its window's size. Negative zeros, the same here, it leaves.
  if (writer.is_read_by<MaxPooling2D>() || writer.is_read_by<AveragePooling2D>())
    inputs.push_back(writer.add_constant("value", -0.0f));
  return writer.dst(writer.add("Pad", inputs), OnnxLayout::channels_first);
}

OnnxValue write(const Flatten&, OnnxLayerWriter& writer) {
  return writer.dst(writer.add("Flatten", {writer.read(OnnxLayout::channels_last)}),
                    OnnxLayout::channels_last);
}

OnnxValue write(const Reshape&, OnnxLayerWriter& writer) {
  std::vector<std::int64_t> shape = {0};  // N stays
  for (std::int64_t dim : writer.node().shape.dims()) shape.push_back(dim);
  return writer.dst(
      writer.add("Reshape", {writer.read(OnnxLayout::channels_last), writer.add_constant("shape", shape)}),
      OnnxLayout::channels_last);
}

OnnxValue write(const Permute& layer, OnnxLayerWriter& writer) {
  std::vector<std::int64_t> axes = {0};
  axes.insert(axes.end(), layer.dims.begin(), layer.dims.end());
  return writer.dst(writer.add("Transpose", {writer.read(OnnxLayout::channels_last)}, {{"perm", axes}}),
                    OnnxLayout::channels_last);
}

}  // namespace petal
