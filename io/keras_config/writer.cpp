#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/passes/draft.h"
#include "io/keras_config.h"
#include "io/keras_config/families.h"

namespace petal {
namespace keras_config {
namespace {

// Keras 2 and 3 mean two functions by that name, and the file is for both.
Graph spell_out_hard_sigmoid(const Graph& graph) {
  Draft draft({graph, {}});
  const auto free_name = [&](std::string name) {
    while (graph.contains(name)) name += "_";
    return name;
  };
  for (int i = 0; i < draft.size(); ++i) {
    Node& node = draft.node(i);
    if (activation_of(node.layer) != ActivationFunction::hard_sigmoid) continue;
    const Rescaling rescaling{.scale = 1.0f / 6.0f, .offset = 0.5f};
    if (has_epilogue(node.layer)) {
      set_activation(node.layer, ActivationFunction::linear);
      draft.insert_behind(i, free_name(node.name + "_rescaling"), rescaling);
    } else {
      node.layer = rescaling;
    }
    draft.insert_behind(i, free_name(node.name + "_relu"), ReLU{.max_value = 1.0f});
  }
  return draft.finish().graph;
}

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

OrderedJson batch_shape(const Node& node) {
  OrderedJson shape = OrderedJson::array({nullptr});
  for (const std::int64_t dim : node.shape.dims()) shape.push_back(dim);
  return shape;
}

// Who is read: [name, which call of that layer, which output of it].
OrderedJson reference(const Graph& graph, int node) {
  return OrderedJson::array({graph[node].name, 0, 0});
}

// One element or a list of them, as Keras 3 writes shapes and arguments of layers.
OrderedJson unwrapped(OrderedJson list) {
  return list.size() == 1 ? list[0] : list;
}

// What the two versions write differently around the same arguments.
struct Keras2 {
  static constexpr const char* shape_key = "batch_input_shape";

  static OrderedJson calls(const Graph& graph, const Node& node) {
    OrderedJson call = OrderedJson::array();
    for (const int input : node.inputs) {
      OrderedJson read = reference(graph, input);
      read.push_back(OrderedJson::object());
      call.push_back(std::move(read));
    }
    return OrderedJson::array({std::move(call)});
  }

  static OrderedJson layer(const std::string& class_name, OrderedJson config) {
    return {{"class_name", class_name}, {"config", std::move(config)}};
  }
  static OrderedJson model(OrderedJson config) { return layer("Functional", std::move(config)); }
  static void add_build(OrderedJson&, const Graph&, const Node&) {}
};

struct Keras3 {
  static constexpr const char* shape_key = "batch_shape";

  static OrderedJson calls(const Graph& graph, const Node& node) {
    OrderedJson tensors = OrderedJson::array();
    for (const int input : node.inputs) {
      tensors.push_back({{"class_name", "__keras_tensor__"},
                         {"config",
                          {{"shape", batch_shape(graph[input])},
                           {"dtype", "float32"},
                           {"keras_history", reference(graph, input)}}}});
    }
    OrderedJson call = {{"args", OrderedJson::array({unwrapped(std::move(tensors))})},
                        {"kwargs", OrderedJson::object()}};
    return OrderedJson::array({std::move(call)});
  }

  static OrderedJson layer(const std::string& class_name, OrderedJson config) {
    return {{"module", "keras.layers"},
            {"class_name", class_name},
            {"config", std::move(config)},
            {"registered_name", nullptr}};
  }
  // The class has no public name, so its module is the one that it lies in.
  static OrderedJson model(OrderedJson config) {
    return {{"module", "keras.src.models.functional"},
            {"class_name", "Functional"},
            {"config", std::move(config)},
            {"registered_name", "Functional"}};
  }
  static void add_build(OrderedJson& entry, const Graph& graph, const Node& node) {
    if (node.inputs.empty()) return;
    OrderedJson shapes = OrderedJson::array();
    for (const int input : node.inputs) shapes.push_back(batch_shape(graph[input]));
    entry["build_config"] = {{"input_shape", unwrapped(std::move(shapes))}};
  }
};

template <class Version>
OrderedJson config_of(const Node& node, const Description& description) {
  if (std::holds_alternative<Input>(node.layer)) {
    return {{Version::shape_key, batch_shape(node)},
            {"dtype", "float32"},
            {"sparse", false},
            {"name", node.name}};
  }
  OrderedJson config = {{"name", node.name}, {"trainable", node.trainable}, {"dtype", "float32"}};
  // Keras 3's takes no such argument.
  if (std::holds_alternative<SpatialDropout2D>(node.layer)) config.erase("trainable");
  config.update(description.arguments);
  return config;
}

template <class Version>
OrderedJson entry(const Graph& graph, const Node& node) {
  require_writable(node);
  const Description description =
      std::visit([&](const auto& layer) { return describe(layer, node); }, node.layer);
  OrderedJson entry = Version::layer(description.class_name, config_of<Version>(node, description));
  Version::add_build(entry, graph, node);
  entry["name"] = node.name;
  entry["inbound_nodes"] = node.inputs.empty() ? OrderedJson::array() : Version::calls(graph, node);
  return entry;
}

template <class Version>
OrderedJson model(const Graph& graph) {
  OrderedJson layers = OrderedJson::array(), inputs = OrderedJson::array(), outputs = OrderedJson::array();
  for (const Node& node : graph.nodes()) layers.push_back(entry<Version>(graph, node));
  for (const int node : graph.inputs()) inputs.push_back(reference(graph, node));
  for (const int node : graph.outputs()) outputs.push_back(reference(graph, node));
  // Without `trainable` of the whole: Keras 3 would set every layer's by it.
  return Version::model({{"name", graph.name()},
                         {"layers", std::move(layers)},
                         {"input_layers", std::move(inputs)},
                         {"output_layers", std::move(outputs)}});
}

}  // namespace
}  // namespace keras_config

std::string to_keras_config(const Graph& given, KerasForm form) {
  using namespace keras_config;
  const Graph graph = spell_out_hard_sigmoid(given);
  const auto config = form == KerasForm::keras2 ? model<Keras2>(graph) : model<Keras3>(graph);
  try {
    return config.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("model '" + graph.name() + "'", "a layer's name is not UTF-8");
  }
}

}  // namespace petal
