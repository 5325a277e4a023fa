#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

Layer read_zero_padding2d(Options& options, Shapes) {
  options.require_channels_last();
  return ZeroPadding2D{options.padding2d("padding", {1, 1, 1, 1})};
}

Layer read_cropping2d(Options& options, Shapes) {
  options.require_channels_last();
  return Cropping2D{options.padding2d("cropping", {})};
}

Layer read_up_sampling2d(Options& options, Shapes) {
  options.require_channels_last();
  return UpSampling2D{.size = options.size2d("size", {2, 2}),
                      .interpolation = options.interpolation(Interpolation::nearest)};
}

Layer read_resizing(Options& options, Shapes) {
  options.require_channels_last();
  options.require_unset("crop_to_aspect_ratio");
  options.require_unset("pad_to_aspect_ratio");
  options.require_unset("antialias");
  options.value("fill_mode");  // of pad_to_aspect_ratio alone
  options.value("fill_value");
  return Resizing{.height = options.size("height"),
                  .width = options.size("width"),
                  .interpolation = options.interpolation(Interpolation::bilinear)};
}

OrderedJson sides(const Padding2D& pads) {
  const OrderedJson rows = OrderedJson::array({pads.top, pads.bottom});
  const OrderedJson columns = OrderedJson::array({pads.left, pads.right});
  return OrderedJson::array({rows, columns});
}

}  // namespace

Readers image_readers() {
  return {
      {"ZeroPadding2D", read_zero_padding2d},
      {"Cropping2D", read_cropping2d},
      {"UpSampling2D", read_up_sampling2d},
      {"Resizing", read_resizing},
  };
}

Description describe(const ZeroPadding2D& layer, const Node&) {
  return {"ZeroPadding2D", {{"padding", sides(layer.padding)}, {"data_format", "channels_last"}}};
}

Description describe(const Cropping2D& layer, const Node&) {
  return {"Cropping2D", {{"cropping", sides(layer.cropping)}, {"data_format", "channels_last"}}};
}

Description describe(const UpSampling2D& layer, const Node&) {
  return {"UpSampling2D",
          {{"size", pair(layer.size)},
           {"data_format", "channels_last"},
           {"interpolation", to_string(layer.interpolation)}}};
}

// Without data_format, antialias and what else Keras 2 does not know.
Description describe(const Resizing& layer, const Node&) {
  return {
      "Resizing",
      {{"height", layer.height}, {"width", layer.width}, {"interpolation", to_string(layer.interpolation)}}};
}

}  // namespace petal::keras_config
