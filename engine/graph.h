#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/layers/layer.h"

namespace petal {

// One layer in its place. Its value has the node's name; `shape` is one sample's, without N.
struct Node {
  std::string name;
  Layer layer;
  std::vector<int> inputs{};  // indices of earlier nodes
  Shape shape{};
  bool trainable = true;        // false: frozen, that is inference mode and no update
  bool fused_residual = false;  // the last input is added to the layer's result before its activation
};

// Named nodes in topological order; immutable. Everything that a network is but the numbers.
class Graph {
 public:
  const std::string& name() const { return name_; }
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const int> inputs() const { return inputs_; }
  std::span<const int> outputs() const { return outputs_; }

  // The index of the node of that name. Throws Error, naming the nearest names, where there is none.
  int find(std::string_view name) const;
  bool contains(std::string_view name) const;
  const Node& operator[](int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  // The shapes of a node's inputs, one sample's.
  std::vector<Shape> input_shapes(const Node& node) const;
  // Declarations of all weights with their full names, "LAYER/kernel", in order of the nodes.
  std::vector<WeightDeclaration> weights() const;
  // The weights of one node, full names.
  std::vector<WeightDeclaration> weights(const Node& node) const;
  std::int64_t operations() const;  // of one sample's forward
  std::int64_t parameters() const;  // elements of all weights and statistics

  // The same nodes with these outputs; nodes that no output needs are dropped, inputs stay.
  Graph with_outputs(std::span<const std::string> names) const;
  // The same graph with every node's `trainable` set anew.
  Graph with_trainable(const std::function<bool(const Node&)>& trainable) const;

 private:
  friend class GraphBuilder;
  std::string name_;
  std::vector<Node> nodes_;
  std::vector<int> inputs_, outputs_;
  std::unordered_map<std::string, int> index_;
};

// What `add` returns: a node's output, good for the builder that made it.
struct Value {
  int node = -1;
};

// Builds a graph node by node; shapes are inferred, and checked, as nodes are added.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name);

  Value input(Shape sample, std::string name = "input_1");
  // Throws Error that names the node where the name is taken or the inputs do not fit the layer.
  Value add(std::string name, Layer layer, Value input) {
    return add(std::move(name), std::move(layer), std::vector{input});
  }
  Value add(std::string name, Layer layer, std::vector<Value> inputs);
  // Adds a copy of a node (layer, trainable, fused residual) on new inputs: what passes use.
  Value add(const Node& like, std::vector<Value> inputs);
  // Copies all nodes of `graph` but its inputs, for which `inputs` stand; returns its outputs.
  std::vector<Value> append(const Graph& graph, std::span<const Value> inputs);

  const Shape& shape(Value value) const;
  const Node& node(Value value) const;
  // Throws Error where there is no output.
  Graph build(std::vector<Value> outputs) &&;

 private:
  Graph graph_;
};

}  // namespace petal
