#include "engine/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/error.h"

namespace petal {
namespace {

// The number of single-character edits between two names: to suggest the one that was meant.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string nearest_names(std::span<const Node> nodes, std::string_view name) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const Node& node : nodes) near.emplace_back(edit_distance(name, node.name), node.name);
  std::ranges::stable_sort(near, {}, [](const auto& entry) { return entry.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(near.size(), 3); ++i) {
    text += fmt::format("{}'{}'", i > 0 ? ", " : "", near[i].second);
  }
  return text;
}

std::string where(const Node& node) {
  return fmt::format("{} '{}'", kind(node.layer), node.name);
}

}  // namespace

int Graph::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  if (found == index_.end()) {
    throw Error("layer '" + std::string(name) + "'",
                "is not in " + name_ + "; the nearest names are " + nearest_names(nodes_, name));
  }
  return found->second;
}

bool Graph::contains(std::string_view name) const {
  return index_.contains(std::string(name));
}

std::vector<Shape> Graph::input_shapes(const Node& node) const {
  std::vector<Shape> shapes;
  for (int input : node.inputs) shapes.push_back((*this)[input].shape);
  return shapes;
}

std::vector<WeightDeclaration> Graph::weights(const Node& node) const {
  std::vector<WeightDeclaration> declarations = declare_weights(node.layer, input_shapes(node));
  for (WeightDeclaration& declaration : declarations) declaration.name = node.name + "/" + declaration.name;
  return declarations;
}

std::vector<WeightDeclaration> Graph::weights() const {
  std::vector<WeightDeclaration> all;
  for (const Node& node : nodes_) {
    for (WeightDeclaration& declaration : weights(node)) all.push_back(std::move(declaration));
  }
  return all;
}

std::int64_t Graph::operations() const {
  std::int64_t sum = 0;
  for (const Node& node : nodes_) {
    sum +=
        petal::operations(node.layer, input_shapes(node)) + (node.fused_residual ? node.shape.elements() : 0);
  }
  return sum;
}

std::int64_t Graph::parameters() const {
  std::int64_t sum = 0;
  for (const WeightDeclaration& declaration : weights()) sum += declaration.shape.elements();
  return sum;
}

Graph Graph::with_outputs(std::span<const std::string> names) const {
  std::vector<bool> needed(nodes_.size(), false);
  for (int input : inputs_) needed[static_cast<std::size_t>(input)] = true;
  for (const std::string& name : names) needed[static_cast<std::size_t>(find(name))] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (int input : nodes_[i].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  GraphBuilder builder(name_);
  std::vector<Value> values(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!needed[i]) continue;
    std::vector<Value> sources;
    for (int input : nodes_[i].inputs) sources.push_back(values[static_cast<std::size_t>(input)]);
    values[i] = builder.add(nodes_[i], sources);
  }
  std::vector<Value> outputs;
  for (const std::string& name : names) outputs.push_back(values[static_cast<std::size_t>(find(name))]);
  return std::move(builder).build(outputs);
}

Graph Graph::with_trainable(const std::function<bool(const Node&)>& trainable) const {
  Graph graph = *this;
  for (Node& node : graph.nodes_) node.trainable = trainable(node);
  return graph;
}

GraphBuilder::GraphBuilder(std::string name) {
  graph_.name_ = std::move(name);
}

Value GraphBuilder::input(Shape sample, std::string name) {
  return add(Node{.name = std::move(name), .layer = Input{sample}}, {});
}

Value GraphBuilder::add(std::string name, Layer layer, std::vector<Value> inputs) {
  return add(Node{.name = std::move(name), .layer = std::move(layer)}, std::move(inputs));
}

Value GraphBuilder::add(const Node& like, std::vector<Value> inputs) {
  Node node = like;
  node.inputs.clear();
  std::vector<Shape> shapes;
  for (Value value : inputs) {
    shapes.push_back(shape(value));
    node.inputs.push_back(value.node);
  }
  if (node.name.empty()) throw Error(std::string(kind(node.layer)), "a layer needs a name");
  node.shape = infer_shape(node.layer, where(node), shapes);
  if (node.fused_residual && (shapes.size() != 2 || shapes[1] != node.shape)) {
    throw Error(where(node), "its residual is not of its result's shape " + node.shape.to_string());
  }
  const int index = static_cast<int>(graph_.nodes_.size());
  if (!graph_.index_.emplace(node.name, index).second) {
    throw Error(where(node), "another layer of " + graph_.name_ + " has this name; layer names are unique");
  }
  if (std::holds_alternative<Input>(node.layer)) graph_.inputs_.push_back(index);
  graph_.nodes_.push_back(std::move(node));
  return {index};
}

std::vector<Value> GraphBuilder::append(const Graph& graph, std::span<const Value> inputs) {
  if (inputs.size() != graph.inputs().size()) {
    throw Error(graph.name(),
                fmt::format("takes {} inputs, {} were given", graph.inputs().size(), inputs.size()));
  }
  std::vector<Value> values(graph.nodes().size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    values[static_cast<std::size_t>(graph.inputs()[i])] = inputs[i];
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Node& node = graph.nodes()[i];
    if (std::holds_alternative<Input>(node.layer)) continue;
    std::vector<Value> sources;
    for (int input : node.inputs) sources.push_back(values[static_cast<std::size_t>(input)]);
    values[i] = add(node, sources);
  }
  std::vector<Value> outputs;
  for (int output : graph.outputs()) outputs.push_back(values[static_cast<std::size_t>(output)]);
  return outputs;
}

const Shape& GraphBuilder::shape(Value value) const {
  return node(value).shape;
}

const Node& GraphBuilder::node(Value value) const {
  if (value.node < 0 || static_cast<std::size_t>(value.node) >= graph_.nodes_.size()) {
    throw Error(graph_.name_, "a value of another graph was used as an input");
  }
  return graph_[value.node];
}

Graph GraphBuilder::build(std::vector<Value> outputs) && {
  if (outputs.empty()) throw Error(graph_.name_, "a graph needs an output");
  for (Value value : outputs) {
    node(value);
    graph_.outputs_.push_back(value.node);
  }
  return std::move(graph_);
}

}  // namespace petal
