#pragma once

#include <vector>

#include "engine/passes/passes.h"

namespace petal {

// A network under change: nodes that a pass edits, merges and removes in place, and the graph rebuilt of what
// is left. Node numbers are those of the original graph throughout.
class Draft {
 public:
  explicit Draft(const Network& network);

  int size() const { return static_cast<int>(nodes_.size()); }
  Node& node(int index) { return nodes_[static_cast<std::size_t>(index)]; }
  bool removed(int index) const { return removed_[static_cast<std::size_t>(index)]; }
  const Weights& weights() const { return network_.weights; }
  Weights& weights() { return network_.weights; }
  // The shapes of the node's inputs as they stand now.
  std::vector<Shape> input_shapes(int index) const;
  // Whether nothing but one use by another node reads the value: it can be merged into its reader.
  bool read_once(int index) const;
  // Every reader of `from`, the outputs too, reads `to` from now on; `from` is removed.
  void replace(int from, int to);
  // The node at `into` becomes `what` (a copy of node `from` with changes) under its own name; `from` is
  // removed and its weights are filed under the new name.
  void merge(int from, int into, Node what);
  // Puts a node behind `index`, which takes over its readers.
  void insert_behind(int index, std::string name, Layer layer);

  Network finish() const;

 private:
  void rename_weights(const Node& from, const std::string& name);

  Network network_;
  std::vector<Node> nodes_;
  std::vector<bool> removed_;
  std::vector<int> outputs_;
  std::vector<std::vector<Node>> behind_;  // nodes inserted behind each, in order
};

// A convolution of any kind or Dense: what carries weights per output channel and an epilogue.
bool has_epilogue(const Layer& layer);
// Sets the activation, or use_bias, of such a layer.
void set_activation(Layer& layer, ActivationFunction function);
void set_use_bias(Layer& layer);
bool uses_bias(const Layer& layer);

}  // namespace petal
