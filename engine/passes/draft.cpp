#include "engine/passes/draft.h"

#include <algorithm>
#include <type_traits>

namespace petal {

Draft::Draft(const Network& network)
    : network_(network),
      nodes_(network.graph.nodes().begin(), network.graph.nodes().end()),
      removed_(nodes_.size(), false),
      outputs_(network.graph.outputs().begin(), network.graph.outputs().end()),
      behind_(nodes_.size()) {}

std::vector<Shape> Draft::input_shapes(int index) const {
  std::vector<Shape> shapes;
  for (int input : nodes_[static_cast<std::size_t>(index)].inputs) {
    shapes.push_back(nodes_[static_cast<std::size_t>(input)].shape);
  }
  return shapes;
}

bool Draft::read_once(int index) const {
  std::ptrdiff_t uses = std::ranges::count(outputs_, index) * 2;  // an output must stay, so it counts as many
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!removed_[i]) uses += std::ranges::count(nodes_[i].inputs, index);
  }
  return uses == 1;
}

void Draft::replace(int from, int to) {
  for (Node& node : nodes_) std::ranges::replace(node.inputs, from, to);
  std::ranges::replace(outputs_, from, to);
  removed_[static_cast<std::size_t>(from)] = true;
}

void Draft::merge(int from, int into, Node what) {
  what.name = node(into).name;
  rename_weights(node(from), what.name);
  removed_[static_cast<std::size_t>(from)] = true;
  node(into) = std::move(what);
}

void Draft::insert_behind(int index, std::string name, Layer layer) {
  const Node& front = node(index);
  behind_[static_cast<std::size_t>(index)].push_back({.name = std::move(name),
                                                      .layer = std::move(layer),
                                                      .shape = front.shape,
                                                      .trainable = front.trainable});
}

void Draft::rename_weights(const Node& from, const std::string& name) {
  std::vector<Shape> shapes;
  for (int input : from.inputs) shapes.push_back(node(input).shape);
  for (const WeightDeclaration& declaration : declare_weights(from.layer, shapes)) {
    network_.weights.share(name + "/" + declaration.name, network_.weights,
                           from.name + "/" + declaration.name);
  }
}

Network Draft::finish() const {
  GraphBuilder builder(network_.graph.name());
  std::vector<Value> values(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (removed_[i]) continue;
    std::vector<Value> inputs;
    for (int input : nodes_[i].inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    values[i] = builder.add(nodes_[i], inputs);
    for (const Node& behind : behind_[i]) values[i] = builder.add(behind, {values[i]});
  }
  std::vector<Value> outputs;
  for (int output : outputs_) outputs.push_back(values[static_cast<std::size_t>(output)]);
  return {std::move(builder).build(outputs), network_.weights};
}

namespace {

// Calls `visit` on the layer where it is one with an epilogue.
template <class L, class Visit>
bool visit_epilogue(L& layer, Visit visit) {
  return std::visit(
      [&](auto& l) {
        if constexpr (requires { l.use_bias; }) {
          visit(l);
          return true;
        } else {
          return false;
        }
      },
      layer);
}

}  // namespace

bool has_epilogue(const Layer& layer) {
  return visit_epilogue(layer, [](const auto&) {});
}

void set_activation(Layer& layer, ActivationFunction function) {
  visit_epilogue(layer, [&](auto& l) { l.activation = function; });
}

void set_use_bias(Layer& layer) {
  visit_epilogue(layer, [](auto& l) { l.use_bias = true; });
}

bool uses_bias(const Layer& layer) {
  bool result = false;
  visit_epilogue(layer, [&](const auto& l) { result = l.use_bias; });
  return result;
}

}  // namespace petal
