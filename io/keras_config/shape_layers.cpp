#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

Layer read_flatten(Options& options, Shapes) {
  options.require_channels_last();
  return Flatten{};
}

Layer read_reshape(Options& options, Shapes) {
  return Reshape{options.target_shape()};
}

Layer read_permute(Options& options, Shapes) {
  return Permute{options.sizes("dims")};
}

}  // namespace

Readers shape_readers() {
  return {
      {"Flatten", read_flatten},
      {"Reshape", read_reshape},
      {"Permute", read_permute},
  };
}

Description describe(const Flatten&, const Node&) {
  return {"Flatten", {{"data_format", "channels_last"}}};
}

Description describe(const Reshape& layer, const Node&) {
  return {"Reshape", {{"target_shape", layer.target}}};
}

Description describe(const Permute& layer, const Node&) {
  return {"Permute", {{"dims", layer.dims}}};
}

}  // namespace petal::keras_config
