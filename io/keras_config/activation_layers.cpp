#include "io/keras_config/families.h"

#include <cmath>

namespace petal::keras_config {
namespace {

Layer read_activation(Options& options, Shapes) {
  return Activation{options.activation()};
}

Layer read_relu(Options& options, Shapes) {
  options.require_unset("negative_slope");
  options.require_unset("threshold");
  const float limit = options.number("max_value", INFINITY);
  if (limit == INFINITY) return Activation{ActivationFunction::relu};
  if (limit == 6.0f) return Activation{ActivationFunction::relu6};
  options.fail("has max_value " + shown(options.value("max_value")) + "; Petal has none and 6");
}

Layer read_softmax(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Activation{ActivationFunction::softmax};
}

}  // namespace

Readers activation_readers() {
  return {
      {"Activation", read_activation},
      {"ReLU", read_relu},
      {"Softmax", read_softmax},
  };
}

// ReLU as a layer of its own is how Keras's own models say both.
Description describe(const Activation& layer, const Node&) {
  if (layer.function == ActivationFunction::relu || layer.function == ActivationFunction::relu6) {
    const OrderedJson limit = layer.function == ActivationFunction::relu6 ? OrderedJson(6.0) : OrderedJson();
    return {"ReLU", {{"max_value", limit}, {"negative_slope", 0.0}, {"threshold", 0.0}}};
  }
  return {"Activation", {{"activation", to_string(layer.function)}}};
}

}  // namespace petal::keras_config
