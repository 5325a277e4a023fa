#include <algorithm>
#include <set>

#include "engine/passes/passes.h"

namespace petal {
namespace {

// Whether the node's value changes from epoch to epoch.
std::vector<bool> changing_nodes(const Graph& graph) {
  std::vector<bool> changing;
  for (const Node& node : graph.nodes()) {
    // Dropout stays with what is trained behind it also where it is frozen and does nothing.
    bool changes = (is_regularization(node.layer) && draws_random_numbers(node.layer)) ||
                   (node.trainable && is_augmentation(node.layer)) || learns(graph, node);
    for (int input : node.inputs) changes = changes || changing[static_cast<std::size_t>(input)];
    changing.push_back(changes);
  }
  return changing;
}

// The unchanging values that changing nodes, or the outside, read.
std::set<int> cut_values(const Graph& graph, const std::vector<bool>& changing) {
  std::set<int> cut;
  const auto keep = [&](int value) {
    if (!changing[static_cast<std::size_t>(value)]) cut.insert(value);
  };
  for (std::size_t i = 0; i < changing.size(); ++i) {
    if (changing[i]) std::ranges::for_each(graph.nodes()[i].inputs, keep);
  }
  std::ranges::for_each(graph.outputs(), keep);
  return cut;
}

}  // namespace

FrozenSplit split_frozen(const Graph& graph) {
  const std::vector<bool> changing = changing_nodes(graph);
  const std::set<int> cut = cut_values(graph, changing);
  std::vector<std::string> names;
  GraphBuilder rest(graph.name());
  std::vector<Value> values(changing.size());
  for (int value : cut) {
    names.push_back(graph[value].name);
    values[static_cast<std::size_t>(value)] = rest.input(graph[value].shape, graph[value].name);
  }
  for (std::size_t i = 0; i < changing.size(); ++i) {
    if (!changing[i]) continue;
    std::vector<Value> inputs;
    for (int input : graph.nodes()[i].inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    values[i] = rest.add(graph.nodes()[i], inputs);
  }
  std::vector<Value> outputs;
  for (int output : graph.outputs()) outputs.push_back(values[static_cast<std::size_t>(output)]);
  return {graph.with_outputs(names), std::move(rest).build(outputs)};
}

}  // namespace petal
