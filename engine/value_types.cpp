#include "engine/value_types.h"

namespace petal {

bool is_view(const Node& node) {
  return std::holds_alternative<Flatten>(node.layer) || std::holds_alternative<Reshape>(node.layer);
}

std::vector<DataType> value_types(const Graph& graph, Precision precision) {
  const DataType type = data_type(precision);
  const std::size_t count = graph.nodes().size();
  std::vector<DataType> types(count, type);
  if (precision != Precision::bf16 && precision != Precision::f16) return types;
  std::vector<bool> is_output(count);
  for (int output : graph.outputs()) {
    while (is_view(graph[output])) output = graph[output].inputs[0];
    is_output[static_cast<std::size_t>(output)] = true;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes()[i];
    if (is_view(node))
      types[i] = types[static_cast<std::size_t>(node.inputs[0])];
    else if (is_output[i] || node.shape.rank() == 1 || std::holds_alternative<Input>(node.layer))
      types[i] = DataType::f32;
  }
  return types;
}

}  // namespace petal
