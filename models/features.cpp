#include "models/features.h"

#include <array>

#include "engine/error.h"

namespace petal {
namespace {

template <class... Kinds>
bool is_any(const Layer& layer) {
  return (std::holds_alternative<Kinds>(layer) || ...);
}

// A layer of a head: Dense, or how MobileNet writes it.
bool is_dense(const Graph& graph, const Node& node) {
  if (is_any<Dense>(node.layer)) return true;
  if (!is_any<Conv2D>(node.layer)) return false;
  const Shape& src = graph[node.inputs[0]].shape;
  return src[0] == 1 && src[1] == 1;
}

// What may stand among a head's Dense layers and leaves the choice of features open.
bool stands_in_head(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 1) return false;
  return is_dense(graph, node) || is_any<Activation, Dropout, Flatten, Reshape>(node.layer) ||
         (is_any<BatchNormalization>(node.layer) && node.shape.rank() == 1);
}

// Walks from the output to the first Dense layer of the head; -1 where there is none.
int first_dense(const Graph& graph) {
  int first = -1;
  for (int i = graph.outputs()[0]; stands_in_head(graph, graph[i]); i = graph[i].inputs[0]) {
    if (is_dense(graph, graph[i])) first = i;
  }
  return first;
}

}  // namespace

Graph up_to_features(const Graph& graph, const std::string& layer) {
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
    throw Error("--model", "'" + graph.name() + "' has " + std::to_string(graph.inputs().size()) +
                               " inputs and " + std::to_string(graph.outputs().size()) +
                               " outputs; a base has one of each");
  }
  std::string features = layer;
  if (features.empty()) {
    const int head = first_dense(graph);
    int end = head < 0 ? graph.outputs()[0] : graph[head].inputs[0];
    while (head >= 0 && is_any<Flatten, Reshape, Dropout>(graph[end].layer)) end = graph[end].inputs[0];
    features = graph[end].name;
  } else if (!graph.contains(features)) {
    try {
      graph.find(features);
    } catch (const Error& error) {
      throw Error("--features", error.what());
    }
  }
  return graph.with_outputs(std::array{features});
}

}  // namespace petal
