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

OrderedJson config_of(const Node& node, const Description& description) {
  OrderedJson config;
  if (std::holds_alternative<Input>(node.layer)) {
    OrderedJson shape = OrderedJson::array({nullptr});
    for (const std::int64_t dim : node.shape.dims()) shape.push_back(dim);
    return {{"batch_input_shape", shape}, {"dtype", "float32"}, {"sparse", false}, {"name", node.name}};
  }
  config = {{"name", node.name}, {"trainable", node.trainable}, {"dtype", "float32"}};
  config.update(description.arguments);
  return config;
}

// Who is read: [name, which call of that layer, which output of it].
OrderedJson reference(const Graph& graph, int node) {
  return OrderedJson::array({graph[node].name, 0, 0});
}

OrderedJson entry(const Graph& graph, const Node& node) {
  require_writable(node);
  const Description description =
      std::visit([&](const auto& layer) { return describe(layer, node); }, node.layer);
  OrderedJson calls = OrderedJson::array();
  if (!node.inputs.empty()) {
    OrderedJson call = OrderedJson::array();
    for (const int input : node.inputs) {
      OrderedJson read = reference(graph, input);
      read.push_back(OrderedJson::object());
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

}  // namespace keras_config

std::string to_keras_config(const Graph& given) {
  using namespace keras_config;
  const Graph graph = spell_out_hard_sigmoid(given);
  OrderedJson layers = OrderedJson::array(), inputs = OrderedJson::array(), outputs = OrderedJson::array();
  for (const Node& node : graph.nodes()) layers.push_back(entry(graph, node));
  for (const int node : graph.inputs()) inputs.push_back(reference(graph, node));
  for (const int node : graph.outputs()) outputs.push_back(reference(graph, node));
  // Without `trainable` of the whole: Keras 3 would set every layer's by it.
  const OrderedJson model = {{"class_name", "Functional"},
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
