#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

Layer read_batch_normalization(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  options.boolean("synchronized", false);  // across devices in training alone
  options.boolean("fused", true);          // how Keras 2 computes it, not what
  options.require_unset("renorm");
  options.require_unset("gamma_regularizer");
  options.require_unset("beta_regularizer");
  options.value("renorm_momentum");  // of renorm alone
  options.value("renorm_clipping");
  return BatchNormalization{.momentum = options.number("momentum", 0.99f),
                            .epsilon = options.number("epsilon", 1e-3f),
                            .scale = options.boolean("scale", true),
                            .center = options.boolean("center", true)};
}

// The innermost dimensions, in order: -1, [-1], [3], [1, 2, 3].
Layer read_layer_normalization(Options& options, Shapes src) {
  options.require_unset("rms_scaling");
  options.require_unset("gamma_regularizer");
  options.require_unset("beta_regularizer");
  return LayerNormalization{.dimensions = options.innermost_axes(rank_of(src), -1),
                            .epsilon = options.number("epsilon", 1e-3f),
                            .scale = options.boolean("scale", true),
                            .center = options.boolean("center", true)};
}

Layer read_normalization(Options& options, Shapes src) {
  options.require_unset("invert");
  const bool of_all = options.has("axis") && options.value("axis").is_null();
  const std::int64_t axes = of_all ? 0 : options.innermost_axes(rank_of(src), -1);
  if (axes > 1) {
    options.fail("has axis " + shown(options.value("axis")) +
                 "; Petal normalises by the last one, or by one mean for all");
  }
  Normalization layer{
      .by_channel = axes == 1, .mean = options.numbers("mean"), .variance = options.numbers("variance")};
  for (const float variance : layer.variance) {
    if (variance < 0)
      options.fail("has variance " + shown(options.value("variance")) + "; expected 0 or more");
  }
  return layer;
}

PerChannel per_channel(Options& options, const std::string& key, float otherwise) {
  const std::vector<float> numbers = options.numbers(key);
  return numbers.empty() ? PerChannel(otherwise) : PerChannel(numbers);
}

Layer read_rescaling(Options& options, Shapes) {
  return Rescaling{.scale = per_channel(options, "scale", 1.0f),
                   .offset = per_channel(options, "offset", 0.0f)};
}

OrderedJson shortest_numbers(std::span<const float> numbers) {
  if (numbers.size() == 1) return shortest(numbers[0]);
  OrderedJson list = OrderedJson::array();
  for (const float number : numbers) list.push_back(shortest(number));
  return list;
}

}  // namespace

Readers normalization_readers() {
  return {
      {"BatchNormalization", read_batch_normalization},
      {"LayerNormalization", read_layer_normalization},
      {"Normalization", read_normalization},
      {"Rescaling", read_rescaling},
  };
}

Description describe(const BatchNormalization& layer, const Node&) {
  return {"BatchNormalization",
          {{"axis", -1},
           {"momentum", shortest(layer.momentum)},
           {"epsilon", shortest(layer.epsilon)},
           {"center", layer.center},
           {"scale", layer.scale}}};
}

Description describe(const LayerNormalization& layer, const Node&) {
  OrderedJson axes = OrderedJson::array();
  for (std::int64_t axis = -layer.dimensions; axis < 0; ++axis) axes.push_back(axis);
  return {"LayerNormalization",
          {{"axis", layer.dimensions == 1 ? OrderedJson(-1) : axes},
           {"epsilon", shortest(layer.epsilon)},
           {"center", layer.center},
           {"scale", layer.scale}}};
}

Description describe(const Normalization& layer, const Node&) {
  OrderedJson arguments;
  arguments["axis"] = layer.by_channel ? OrderedJson::array({-1}) : OrderedJson::array();
  if (!layer.mean.empty()) {
    arguments["mean"] = shortest_numbers(layer.mean);
    arguments["variance"] = shortest_numbers(layer.variance);
  }
  return {"Normalization", arguments};
}

Description describe(const Rescaling& layer, const Node&) {
  return {"Rescaling",
          {{"scale", shortest_numbers(layer.scale.numbers())},
           {"offset", shortest_numbers(layer.offset.numbers())}}};
}

}  // namespace petal::keras_config
