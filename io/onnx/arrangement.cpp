#include <cmath>

#include "engine/augmentation.h"
#include "io/onnx/layers.h"
#include "io/onnx/window.h"

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
  return writer.dst(writer.add("Pad", {writer.read(OnnxLayout::channels_first), pads}),
                    OnnxLayout::channels_first);
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

namespace {

// The scale by which ONNX comes to `dst` pixels: it rounds in * scale down.
float scale_to(std::int64_t src, std::int64_t dst) {
  float scale = static_cast<float>(dst) / static_cast<float>(src);
  while (static_cast<std::int64_t>(static_cast<float>(src) * scale) < dst)
    scale = std::nextafter(scale, 2 * scale);
  return scale;
}

}  // namespace

// What the layer does in inference: the window in the middle, resized.
OnnxValue write(const RandomCrop& layer, OnnxLayerWriter& writer) {
  const Size2D photo = image_size(writer.src()[0]), target{layer.height, layer.width};
  if (photo == target) return writer.src()[0];
  std::string value = writer.read(OnnxLayout::channels_first);
  const Region region = Warp(layer, photo).region();
  if (region.size != photo) {
    value = writer.add(
        "Slice",
        {value, writer.add_constant("starts", {region.top, region.left}),
         writer.add_constant("ends", {region.top + region.size.height, region.left + region.size.width}),
         writer.add_constant("axes", {2, 3})});
  }
  if (region.size != target) {
    const std::vector<float> scales = {1, 1, scale_to(region.size.height, target.height),
                                       scale_to(region.size.width, target.width)};
    value = writer.add("Resize", {value, "", writer.add_constant("scales", {4}, scales)},
                       {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}});
  }
  return writer.dst(value, OnnxLayout::channels_first);
}

}  // namespace petal
