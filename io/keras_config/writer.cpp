#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "io/keras_config.h"

namespace petal {
namespace {

using Json = nlohmann::ordered_json;

// The shortest decimal that means this float: 0.001, not 0.0010000000474974513.
double shortest(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double number = 0;
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

Json pair(Size2D size) {
  return Json::array({size.height, size.width});
}

Json pair(const Range& range) {
  return Json::array({shortest(range.lower), shortest(range.upper)});
}

std::string where_of(const Node& node) {
  return "layer '" + node.name + "'";
}

std::string padding_name(const Node& node, const Padding& padding) {
  switch (padding.kind) {
    case Padding::Kind::valid:
      return "valid";
    case Padding::Kind::same:
      return "same";
    case Padding::Kind::explicit_:
      break;
  }
  throw Error(where_of(node),
              "Keras has no explicit padding in " + std::string(kind(node.layer)) +
                  "; write the graph from before fold_zero_padding, with its ZeroPadding2D",
              ErrorKind::failure);
}

// Of Keras's three classes the one that says no more than it must.
Json regularizer_config(const Regularizer& regularizer) {
  Json factors;
  if (regularizer.l1 != 0.0f) factors["l1"] = shortest(regularizer.l1);
  if (regularizer.l2 != 0.0f) factors["l2"] = shortest(regularizer.l2);
  const char* class_name = factors.size() == 2 ? "L1L2" : factors.contains("l1") ? "L1" : "L2";
  return {{"module", "keras.regularizers"},
          {"class_name", class_name},
          {"config", std::move(factors)},
          {"registered_name", nullptr}};
}

// What one layer is in Keras: its class and the arguments beyond name, trainable and dtype.
struct Description {
  std::string class_name;
  Json arguments;

  Description with(const char* key, const Regularizer& regularizer) && {
    if (regularizer != Regularizer{}) arguments[key] = regularizer_config(regularizer);
    return std::move(*this);
  }
};

// One overload a layer; the closed set that std::visit below needs.
struct Describe {
  const Node& node;

  Description operator()(const Input&) const { return {"InputLayer", Json::object()}; }

  Description operator()(const Conv2D& layer) const {
    return Description{"Conv2D",
                       {{"filters", layer.filters},
                        {"kernel_size", pair(layer.kernel)},
                        {"strides", pair(layer.strides)},
                        {"padding", padding_name(node, layer.padding)},
                        {"data_format", "channels_last"},
                        {"dilation_rate", pair(layer.dilation)},
                        {"groups", layer.groups},
                        {"activation", to_string(layer.activation)},
                        {"use_bias", layer.use_bias}}}
        .with("kernel_regularizer", layer.kernel_regularizer)
        .with("bias_regularizer", layer.bias_regularizer);
  }

  // Without `groups`, which Keras 2 writes and Keras 3 refuses.
  Description operator()(const DepthwiseConv2D& layer) const {
    return Description{"DepthwiseConv2D",
                       {{"kernel_size", pair(layer.kernel)},
                        {"strides", pair(layer.strides)},
                        {"padding", padding_name(node, layer.padding)},
                        {"data_format", "channels_last"},
                        {"dilation_rate", pair(layer.dilation)},
                        {"activation", to_string(layer.activation)},
                        {"use_bias", layer.use_bias},
                        {"depth_multiplier", layer.depth_multiplier}}}
        .with("depthwise_regularizer", layer.depthwise_regularizer)
        .with("bias_regularizer", layer.bias_regularizer);
  }

  Description operator()(const Dense& layer) const {
    return Description{
        "Dense",
        {{"units", layer.units}, {"activation", to_string(layer.activation)}, {"use_bias", layer.use_bias}}}
        .with("kernel_regularizer", layer.kernel_regularizer)
        .with("bias_regularizer", layer.bias_regularizer);
  }

  Description operator()(const BatchNormalization& layer) const {
    return {"BatchNormalization",
            {{"axis", -1},
             {"momentum", shortest(layer.momentum)},
             {"epsilon", shortest(layer.epsilon)},
             {"center", layer.center},
             {"scale", layer.scale}}};
  }

  template <class Pooling>
  Description pooling(const Pooling& layer) const {
    return {std::string(Pooling::kind),
            {{"pool_size", pair(layer.pool)},
             {"padding", padding_name(node, layer.padding)},
             {"strides", pair(layer.strides)},
             {"data_format", "channels_last"}}};
  }
  Description operator()(const MaxPooling2D& layer) const { return pooling(layer); }
  Description operator()(const AveragePooling2D& layer) const { return pooling(layer); }

  template <class Pooling>
  Description global_pooling(const Pooling& layer) const {
    return {std::string(Pooling::kind), {{"data_format", "channels_last"}, {"keepdims", layer.keepdims}}};
  }
  Description operator()(const GlobalAveragePooling2D& layer) const { return global_pooling(layer); }
  Description operator()(const GlobalMaxPooling2D& layer) const { return global_pooling(layer); }

  // ReLU as a layer of its own is how Keras's own models say both.
  Description operator()(const Activation& layer) const {
    if (layer.function == ActivationFunction::relu || layer.function == ActivationFunction::relu6) {
      const Json limit = layer.function == ActivationFunction::relu6 ? Json(6.0) : Json();
      return {"ReLU", {{"max_value", limit}, {"negative_slope", 0.0}, {"threshold", 0.0}}};
    }
    return {"Activation", {{"activation", to_string(layer.function)}}};
  }

  Description operator()(const Add&) const { return {"Add", Json::object()}; }
  Description operator()(const Concatenate&) const { return {"Concatenate", {{"axis", -1}}}; }

  Description operator()(const ZeroPadding2D& layer) const {
    const Padding2D& pads = layer.padding;
    const Json rows = Json::array({pads.top, pads.bottom});
    const Json columns = Json::array({pads.left, pads.right});
    return {"ZeroPadding2D", {{"padding", Json::array({rows, columns})}, {"data_format", "channels_last"}}};
  }

  Description operator()(const Flatten&) const { return {"Flatten", {{"data_format", "channels_last"}}}; }
  Description operator()(const Reshape& layer) const { return {"Reshape", {{"target_shape", layer.target}}}; }

  Description operator()(const Dropout& layer) const {
    return {"Dropout", {{"rate", shortest(layer.rate)}, {"noise_shape", nullptr}, {"seed", nullptr}}};
  }

  Description operator()(const Rescaling& layer) const {
    return {"Rescaling", {{"scale", shortest(layer.scale)}, {"offset", shortest(layer.offset)}}};
  }

  // Without data_format, and without value_range where it is the usual one: Keras 2 knows neither here.
  template <class L>
  static Json with_sampling(Json arguments, const L& layer) {
    arguments.update({{"fill_mode", to_string(layer.fill_mode)},
                      {"interpolation", to_string(layer.interpolation)},
                      {"seed", nullptr},
                      {"fill_value", shortest(layer.fill_value)}});
    return arguments;
  }
  template <class L>
  static Json with_value_range(const L& layer) {
    Json arguments = {{"factor", pair(layer.factor)}, {"seed", nullptr}};
    if (layer.value_range != L{}.value_range) arguments["value_range"] = pair(layer.value_range);
    return arguments;
  }

  Description operator()(const RandomFlip& layer) const {
    return {"RandomFlip", {{"mode", to_string(layer.mode)}, {"seed", nullptr}}};
  }
  Description operator()(const RandomRotation& layer) const {
    return {"RandomRotation", with_sampling({{"factor", pair(layer.factor)}}, layer)};
  }
  Description operator()(const RandomZoom& layer) const {
    const Json width = layer.width_factor ? pair(*layer.width_factor) : Json();
    return {"RandomZoom",
            with_sampling({{"height_factor", pair(layer.height_factor)}, {"width_factor", width}}, layer)};
  }
  Description operator()(const RandomTranslation& layer) const {
    return {"RandomTranslation", with_sampling({{"height_factor", pair(layer.height_factor)},
                                                {"width_factor", pair(layer.width_factor)}},
                                               layer)};
  }
  Description operator()(const RandomCrop& layer) const {
    return {"RandomCrop", {{"height", layer.height}, {"width", layer.width}, {"seed", nullptr}}};
  }
  Description operator()(const RandomContrast& layer) const {
    return {"RandomContrast", with_value_range(layer)};
  }
  Description operator()(const RandomBrightness& layer) const {
    return {"RandomBrightness", with_value_range(layer)};
  }
  Description operator()(const RandomAffine&) const {
    throw Error(where_of(node),
                "Keras has no layer for several affine maps in one; write the graph from before "
                "compose_augmentation",
                ErrorKind::failure);
  }
};

void require_writable(const Node& node) {
  if (node.fused_residual) {
    throw Error(where_of(node),
                "Keras has no " + std::string(kind(node.layer)) +
                    " with a residual inside; write the graph from before fuse_epilogue",
                ErrorKind::failure);
  }
  if (node.name.empty() || node.name.find('/') != std::string::npos) {
    throw Error(where_of(node), "Keras 3 takes no such name for a layer: it must not be empty nor hold '/'",
                ErrorKind::failure);
  }
}

Json config_of(const Node& node, const Description& description) {
  Json config;
  if (std::holds_alternative<Input>(node.layer)) {
    Json shape = Json::array({nullptr});
    for (const std::int64_t dim : node.shape.dims()) shape.push_back(dim);
    return {{"batch_input_shape", shape}, {"dtype", "float32"}, {"sparse", false}, {"name", node.name}};
  }
  config = {{"name", node.name}, {"trainable", node.trainable}, {"dtype", "float32"}};
  config.update(description.arguments);
  return config;
}

// Who is read: [name, which call of that layer, which output of it].
Json reference(const Graph& graph, int node) {
  return Json::array({graph[node].name, 0, 0});
}

Json entry(const Graph& graph, const Node& node) {
  require_writable(node);
  const Description description = std::visit(Describe{node}, node.layer);
  Json calls = Json::array();
  if (!node.inputs.empty()) {
    Json call = Json::array();
    for (const int input : node.inputs) {
      Json read = reference(graph, input);
      read.push_back(Json::object());
      call.push_back(std::move(read));
    }
    calls.push_back(std::move(call));
  }
  return {{"class_name", description.class_name},
          {"config", config_of(node, description)},
          {"name", node.name},
          {"inbound_nodes", std::move(calls)}};
}

}  // namespace

std::string to_keras_config(const Graph& graph) {
  Json layers = Json::array(), inputs = Json::array(), outputs = Json::array();
  for (const Node& node : graph.nodes()) layers.push_back(entry(graph, node));
  for (const int node : graph.inputs()) inputs.push_back(reference(graph, node));
  for (const int node : graph.outputs()) outputs.push_back(reference(graph, node));
  // Without `trainable` of the whole: Keras 3 would set every layer's by it.
  const Json model = {{"class_name", "Functional"},
                      {"config",
                       {{"name", graph.name()},
                        {"layers", std::move(layers)},
                        {"input_layers", std::move(inputs)},
                        {"output_layers", std::move(outputs)}}}};
  try {
    return model.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("model '" + graph.name() + "'", "a layer's name is not UTF-8");
  }
}

}  // namespace petal
