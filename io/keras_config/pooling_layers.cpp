#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

template <class Pooling>
Layer read_pooling(Options& options, Shapes) {
  options.require_channels_last();
  const Size2D pool = options.size2d("pool_size", {2, 2});
  return Pooling{.pool = pool, .strides = options.size2d("strides", pool), .padding = options.padding()};
}

template <class Pooling>
Layer read_global_pooling(Options& options, Shapes) {
  options.require_channels_last();
  return Pooling{.keepdims = options.boolean("keepdims", false)};
}

template <class Pooling>
Description describe_pooling(const Pooling& layer, const Node& node) {
  return {std::string(Pooling::kind),
          {{"pool_size", pair(layer.pool)},
           {"padding", padding_name(node, layer.padding)},
           {"strides", pair(layer.strides)},
           {"data_format", "channels_last"}}};
}

template <class Pooling>
Description describe_global_pooling(const Pooling& layer) {
  return {std::string(Pooling::kind), {{"data_format", "channels_last"}, {"keepdims", layer.keepdims}}};
}

}  // namespace

Readers pooling_readers() {
  return {
      {"MaxPooling2D", read_pooling<MaxPooling2D>},
      {"AveragePooling2D", read_pooling<AveragePooling2D>},
      {"GlobalAveragePooling2D", read_global_pooling<GlobalAveragePooling2D>},
      {"GlobalMaxPooling2D", read_global_pooling<GlobalMaxPooling2D>},
  };
}

Description describe(const MaxPooling2D& layer, const Node& node) {
  return describe_pooling(layer, node);
}

Description describe(const AveragePooling2D& layer, const Node& node) {
  return describe_pooling(layer, node);
}

Description describe(const GlobalAveragePooling2D& layer, const Node&) {
  return describe_global_pooling(layer);
}

Description describe(const GlobalMaxPooling2D& layer, const Node&) {
  return describe_global_pooling(layer);
}

}  // namespace petal::keras_config
