#include "engine/value_types.h"

namespace petal {

bool is_view(const Node& node) {
  return std::holds_alternative<Flatten>(node.layer) || std::holds_alternative<Reshape>(node.layer);
}

namespace {

// The node whose memory a view is.
int viewed(const Graph& graph, int node) {
  while (is_view(graph[node])) node = graph[node].inputs[0];
  return node;
}

// The outputs, and what the activations among them read: the loss takes that in their stead where it can.
std::vector<bool> ends(const Graph& graph) {
  std::vector<bool> is_end(graph.nodes().size());
  for (const int output : graph.outputs()) {
    const int last = viewed(graph, output);
    is_end[static_cast<std::size_t>(last)] = true;
    if (!std::holds_alternative<Activation>(graph[last].layer)) continue;
    is_end[static_cast<std::size_t>(viewed(graph, graph[last].inputs[0]))] = true;
  }
  return is_end;
}

}  // namespace

std::vector<DataType> value_types(const Graph& graph, Precision precision) {
  const DataType type = data_type(precision);
  const std::size_t count = graph.nodes().size();
  std::vector<DataType> types(count, type);
  if (precision != Precision::bf16 && precision != Precision::f16) return types;
  const std::vector<bool> is_end = ends(graph);
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes()[i];
    if (is_view(node))
      types[i] = types[static_cast<std::size_t>(node.inputs[0])];
    else if (is_end[i] || node.shape.rank() == 1 || std::holds_alternative<Input>(node.layer) ||
             is_augmentation(node.layer))
      types[i] = DataType::f32;
  }
  return types;
}

DataType weight_type(const Layer& layer, std::size_t weight, DataType src) {
  if (src == DataType::f64) return src;
  const bool is_half = src == DataType::bf16 || src == DataType::f16;
  const bool is_product = std::holds_alternative<Conv2D>(layer) || std::holds_alternative<Dense>(layer);
  return is_half && is_product && weight == 0 ? src : DataType::f32;
}

Precision precision_of(DataType type) {
  switch (type) {
    case DataType::bf16:
      return Precision::bf16;
    case DataType::f16:
      return Precision::f16;
    case DataType::f64:
      return Precision::f64;
    default:
      return Precision::f32;
  }
}

}  // namespace petal
