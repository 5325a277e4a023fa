#include <cmath>

#include "engine/augmentation.h"
#include "engine/resize.h"
#include "io/onnx/layers.h"
#include "io/onnx/window.h"

namespace petal {
namespace {

// The scale by which ONNX comes to `dst` pixels: it rounds src * scale down, and some do so in double.
float scale_to(std::int64_t src, std::int64_t dst) {
  float scale = static_cast<float>(dst) / static_cast<float>(src);
  while (static_cast<double>(src) * static_cast<double>(scale) < static_cast<double>(dst)) {
    scale = std::nextafter(scale, 2 * scale);
  }
  return scale;
}

// Channels first, the rows and columns of the region alone.
std::string add_slice(const std::string& value, const Region& region, OnnxLayerWriter& writer) {
  return writer.add("Slice", {value, writer.add_constant("starts", {region.top, region.left}),
                              writer.add_constant(
                                  "ends", {region.top + region.size.height, region.left + region.size.width}),
                              writer.add_constant("axes", {2, 3})});
}

// Channels first, between the pixels with half-pixel centres. By scale, not by size: that would hold N.
std::string add_bilinear(const std::string& value, Size2D src, Size2D dst, OnnxLayerWriter& writer) {
  const std::vector<float> scales = {1, 1, scale_to(src.height, dst.height), scale_to(src.width, dst.width)};
  return writer.add("Resize", {value, "", writer.add_constant("scales", {4}, scales)},
                    {{"mode", "linear"}, {"coordinate_transformation_mode", "half_pixel"}});
}

// Channels first, whole pixels, which are stated, lest another rounding pick others.
std::string add_nearest(std::string value, Size2D src, Size2D dst, OnnxLayerWriter& writer) {
  const auto gather = [&](const char* name, std::int64_t from, std::int64_t to, std::int64_t axis) {
    std::vector<std::int64_t> pixels;
    for (const ResizeTap& tap : resize_taps(from, to, Interpolation::nearest)) pixels.push_back(tap.lower);
    value = writer.add("Gather", {value, writer.add_constant(name, pixels)}, {{"axis", axis}});
  };
  gather("rows", src.height, dst.height, 2);
  gather("columns", src.width, dst.width, 3);
  return value;
}

OnnxValue write_resize(Interpolation interpolation, OnnxLayerWriter& writer) {
  const Size2D src = image_size(writer.src()[0]), dst{writer.node().shape[0], writer.node().shape[1]};
  const std::string value = writer.read(OnnxLayout::channels_first);
  const bool nearest = interpolation == Interpolation::nearest;
  return writer.dst(nearest ? add_nearest(value, src, dst, writer) : add_bilinear(value, src, dst, writer),
                    OnnxLayout::channels_first);
}

}  // namespace

OnnxValue write(const Cropping2D& layer, OnnxLayerWriter& writer) {
  const Size2D size{writer.node().shape[0], writer.node().shape[1]};
  const Region region{layer.cropping.top, layer.cropping.left, size};
  return writer.dst(add_slice(writer.read(OnnxLayout::channels_first), region, writer),
                    OnnxLayout::channels_first);
}

OnnxValue write(const UpSampling2D& layer, OnnxLayerWriter& writer) {
  return write_resize(layer.interpolation, writer);
}

OnnxValue write(const Resizing& layer, OnnxLayerWriter& writer) {
  return write_resize(layer.interpolation, writer);
}

// What the layer does in inference: the window in the middle, resized.
OnnxValue write(const RandomCrop& layer, OnnxLayerWriter& writer) {
  const Size2D photo = image_size(writer.src()[0]), target{layer.height, layer.width};
  if (photo == target) return writer.src()[0];
  std::string value = writer.read(OnnxLayout::channels_first);
  const Region region = Warp(layer, photo).region();
  if (region.size != photo) value = add_slice(value, region, writer);
  if (region.size != target) value = add_bilinear(value, region.size, target, writer);
  return writer.dst(value, OnnxLayout::channels_first);
}

}  // namespace petal
