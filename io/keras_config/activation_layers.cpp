#include <cmath>

#include "io/keras_config/families.h"
#include "io/keras_config/layers.h"

namespace petal::keras_config {
namespace {

Layer read_activation(Options& options, Shapes) {
  return Activation{options.activation()};
}

Layer read_relu(Options& options, Shapes) {
  const ReLU layer{.max_value = options.number("max_value", INFINITY),
                   .negative_slope = options.number("negative_slope", 0.0f),
                   .threshold = options.number("threshold", 0.0f)};
  if (layer == ReLU{}) return Activation{ActivationFunction::relu};
  if (layer == ReLU{.max_value = 6.0f}) return Activation{ActivationFunction::relu6};
  return layer;
}

// Keras 2 calls the slope alpha.
Layer read_leaky_relu(Options& options, Shapes) {
  const float slope = options.number("alpha", LeakyReLU{}.negative_slope);
  return LeakyReLU{options.number("negative_slope", slope)};
}

Layer read_elu(Options& options, Shapes) {
  return ELU{options.number("alpha", 1.0f)};
}

// One number, or a list of them; none where it is null.
std::vector<std::int64_t> read_axes(Options& options, const std::string& key) {
  const Json& found = options.value(key);
  if (found.is_null()) return {};
  std::vector<std::int64_t> axes;
  for (const Json& axis : found.is_array() ? found : Json::array({found})) {
    if (!axis.is_number_integer() || axis < 1 || axis > static_cast<std::int64_t>(Shape::max_rank)) {
      options.fail("has " + key + " " + shown(found) + "; expected axes from 1");
    }
    axes.push_back(axis.get<std::int64_t>());
  }
  return axes;
}

Layer read_prelu(Options& options, Shapes) {
  return PReLU{.shared_axes = read_axes(options, "shared_axes"),
               .alpha_regularizer = options.regularizer("alpha_regularizer")};
}

Layer read_softmax(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Activation{ActivationFunction::softmax};
}

}  // namespace

Readers activation_readers() {
  return {
      {"Activation", read_activation}, {"ReLU", read_relu},
      {"LeakyReLU", read_leaky_relu},  {"ELU", read_elu},
      {"PReLU", read_prelu},           {"Softmax", read_softmax},
  };
}

Layer read_activation_layer(const std::string& class_name, const Json& config, const std::string& where,
                            int keras) {
  Options options(config, where, class_name, keras);
  const auto read = [&]() -> Layer {
    if (class_name == "ReLU") return read_relu(options, {});
    if (class_name == "LeakyReLU") return read_leaky_relu(options, {});
    if (class_name == "ELU") return read_elu(options, {});
    options.fail(
        "stands as its activation; Petal takes ReLU, LeakyReLU and ELU there: put it behind the layer");
  };
  Layer layer = read();
  options.finish();
  return layer;
}

// ReLU as a layer of its own is how Keras's own models say both.
Description describe(const Activation& layer, const Node& node) {
  if (layer.function == ActivationFunction::relu) return describe(ReLU{}, node);
  if (layer.function == ActivationFunction::relu6) return describe(ReLU{.max_value = 6.0f}, node);
  return {"Activation", {{"activation", to_string(layer.function)}}};
}

Description describe(const ReLU& layer, const Node&) {
  OrderedJson limit;  // null: none
  if (!std::isinf(layer.max_value)) limit = shortest(layer.max_value);
  return {"ReLU",
          {{"max_value", limit},
           {"negative_slope", shortest(layer.negative_slope)},
           {"threshold", shortest(layer.threshold)}}};
}

// By Keras 2's name for the slope, which Keras 3 takes too.
Description describe(const LeakyReLU& layer, const Node&) {
  return {"LeakyReLU", {{"alpha", shortest(layer.negative_slope)}}};
}

Description describe(const ELU& layer, const Node&) {
  return {"ELU", {{"alpha", shortest(layer.alpha)}}};
}

Description describe(const PReLU& layer, const Node&) {
  const OrderedJson axes = layer.shared_axes.empty() ? OrderedJson() : OrderedJson(layer.shared_axes);
  return Description{"PReLU", {{"shared_axes", axes}}}.with("alpha_regularizer", layer.alpha_regularizer);
}

}  // namespace petal::keras_config
