#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/passes/passes.h"
#include "io/onnx/graph_writer.h"

namespace petal {

// One layer on its way into the file: what it reads, and where its operations and constants go.
class OnnxLayerWriter {
 public:
  OnnxLayerWriter(OnnxGraphWriter& graph, const Network& network, const Node& node,
                  std::vector<OnnxValue> src)
      : graph_(graph), network_(network), node_(node), src_(std::move(src)) {}

  const Node& node() const { return node_; }
  const std::vector<OnnxValue>& src() const { return src_; }
  // Whether a layer of that kind reads this one.
  template <class L>
  bool is_read_by() const {
    return std::ranges::any_of(network_.graph.nodes(), [&](const Node& reader) {
      return std::holds_alternative<L>(reader.layer) &&
             std::ranges::any_of(reader.inputs, [&](int input) { return &network_.graph[input] == &node_; });
    });
  }
  // The layer's weight "kernel", "bias", ... as Petal keeps it.
  const Tensor& weight(const std::string& name) const { return network_.weights.at(node_.name + "/" + name); }

  // The name of an input's value in that layout.
  std::string read(OnnxLayout layout, std::size_t input = 0) { return graph_.in_layout(src_[input], layout); }
  // The weight under its own name, as it is or with its axes permuted; `dims`, where given, are its shape in
  // the file, of as many elements.
  std::string add_weight(const std::string& name, const std::vector<std::size_t>& axes = {},
                         const std::vector<std::int64_t>& dims = {});
  std::string add_constant(const std::string& name, const std::vector<std::int64_t>& dims,
                           std::span<const float> numbers) {
    return graph_.add_constant(node_.name + "/" + name, dims, numbers);
  }
  std::string add_constant(const std::string& name, float number) {
    return add_constant(name, {}, std::span(&number, 1));
  }
  std::string add_constant(const std::string& name, const std::vector<std::int64_t>& numbers) {
    return graph_.add_constant(node_.name + "/" + name, numbers);
  }
  // One operation; the name of its value.
  std::string add(const std::string& operation, const std::vector<std::string>& inputs,
                  const OnnxAttributes& attributes = {}) {
    return graph_.add_node(node_.name + "/" + operation, operation, inputs, attributes);
  }
  // The value as the layer's own.
  OnnxValue dst(std::string name, OnnxLayout layout) const { return {std::move(name), node_.shape, layout}; }

 private:
  OnnxGraphWriter& graph_;
  const Network& network_;
  const Node& node_;
  std::vector<OnnxValue> src_;
};

// The numbers with their axes permuted: axis i of the result is axis axes[i] of `shape`.
std::vector<float> with_axes(std::span<const float> numbers, const Shape& shape,
                             const std::vector<std::size_t>& axes);

}  // namespace petal
