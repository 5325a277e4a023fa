#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

Layer read_add(Options&, Shapes) {
  return Add{};
}

Layer read_concatenate(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Concatenate{};
}

Layer read_zero_padding2d(Options& options, Shapes) {
  options.require_channels_last();
  return ZeroPadding2D{options.padding2d()};
}

Layer read_flatten(Options& options, Shapes) {
  options.require_channels_last();
  return Flatten{};
}

Layer read_reshape(Options& options, Shapes) {
  return Reshape{options.target_shape()};
}

}  // namespace

Readers shape_readers() {
  return {
      {"Add", read_add},         {"Concatenate", read_concatenate}, {"ZeroPadding2D", read_zero_padding2d},
      {"Flatten", read_flatten}, {"Reshape", read_reshape},
  };
}

Description describe(const Add&, const Node&) {
  return {"Add", OrderedJson::object()};
}

Description describe(const Concatenate&, const Node&) {
  return {"Concatenate", {{"axis", -1}}};
}

Description describe(const ZeroPadding2D& layer, const Node&) {
  const Padding2D& pads = layer.padding;
  const OrderedJson rows = OrderedJson::array({pads.top, pads.bottom});
  const OrderedJson columns = OrderedJson::array({pads.left, pads.right});
  return {"ZeroPadding2D",
          {{"padding", OrderedJson::array({rows, columns})}, {"data_format", "channels_last"}}};
}

Description describe(const Flatten&, const Node&) {
  return {"Flatten", {{"data_format", "channels_last"}}};
}

Description describe(const Reshape& layer, const Node&) {
  return {"Reshape", {{"target_shape", layer.target}}};
}

}  // namespace petal::keras_config
