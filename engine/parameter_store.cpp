#include "engine/parameter_store.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/value_types.h"

namespace petal {
namespace {

DeviceArray uploaded(const Tensor& tensor, const std::shared_ptr<const Memory>& memory) {
  DeviceArray array(memory, tensor.size_bytes());
  array.upload(std::as_bytes(tensor.values()).data());
  return array;
}

Tensor downloaded(const DeviceArray& array, const Shape& shape) {
  Tensor tensor(shape);
  array.download(tensor.bytes());
  return tensor;
}

}  // namespace

ParameterStore::ParameterStore(const Graph& graph, const Weights& weights, const std::vector<bool>& constant,
                               const std::vector<DataType>& types, const Optimizer& optimizer,
                               std::shared_ptr<const Memory> memory) {
  for (std::size_t i = 0; i < constant.size(); ++i) {
    if (constant[i]) continue;
    const Node& node = graph.nodes()[i];
    const std::vector<WeightDeclaration> declarations = graph.weights(node);
    for (std::size_t weight = 0; weight < declarations.size(); ++weight) {
      const WeightDeclaration& declaration = declarations[weight];
      Entry& entry = entries_[declaration.name];
      entry.shape = declaration.shape;
      entry.weights = uploaded(weights.at(declaration.name), memory);
      entry.role = declaration.role;
      UpdateKernel::Parameter parameter{.weights = entry.weights.floats(),
                                        .elements = declaration.shape.elements(),
                                        .regularizer = declaration.regularizer};
      const DataType src = types[static_cast<std::size_t>(node.inputs[0])];
      if (const DataType read = weight_type(node.layer, weight, src); read != DataType::f32) {
        entry.rounded = DeviceArray(memory, TensorDescription{read, declaration.shape}.bytes());
        parameter.rounded = entry.rounded.data();
        parameter.rounded_type = read;
        rounded_.push_back(parameter);
      }
      if (!node.trainable || declaration.role != Role::weight) continue;
      entry.number = trainable_count();
      for (int slot = 0; slot < slot_count(optimizer); ++slot) {
        Tensor start(declaration.shape);
        std::ranges::fill(start.values(), slot_start(optimizer, slot));
        entry.slots.push_back(uploaded(start, memory));
        parameter.slots.push_back(entry.slots.back().floats());
      }
      parameters_.push_back(parameter);
    }
  }
  if (parameters_.empty()) throw Error(graph.name(), "nothing is trainable; unfreeze a layer or add a head");
}

const std::byte* ParameterStore::operand(const std::string& name) const {
  const Entry& entry = entries_.at(name);
  return entry.rounded.size() > 0 ? entry.rounded.data() : entry.weights.data();
}

float* ParameterStore::statistic(const std::string& name) {
  return entries_.at(name).weights.floats();
}

void ParameterStore::round(const UpdateKernel& update) const {
  update.round(rounded_);
}

int ParameterStore::number(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error("weight '" + name + "'", "is not in the training plan");
  return found->second.number;
}

void ParameterStore::store(Weights& weights) const {
  for (const auto& [name, entry] : entries_)
    weights.set(name, downloaded(entry.weights, entry.shape), entry.role);
}

OptimizerState ParameterStore::state(std::int64_t step) const {
  OptimizerState state{.step = step};
  for (const auto& [name, entry] : entries_) {
    if (entry.number < 0) continue;
    std::vector<Tensor>& slots = state.slots[name];
    for (const DeviceArray& slot : entry.slots) slots.push_back(downloaded(slot, entry.shape));
  }
  return state;
}

void ParameterStore::restore(const Weights& weights, const OptimizerState& state) {
  const auto require_shape = [](const std::string& what, const Tensor& found, const Shape& expected) {
    if (found.shape() == expected) return;
    throw Error(what, "is " + found.shape().to_string() + ", expected " + expected.to_string());
  };
  for (const auto& [name, entry] : entries_) {
    require_shape("weight '" + name + "'", weights.at(name), entry.shape);
    if (entry.number < 0) continue;
    const auto slots = state.slots.find(name);
    if (slots == state.slots.end() || slots->second.size() != entry.slots.size()) {
      throw Error("weight '" + name + "'", "the optimiser's state for it is of another optimiser");
    }
    for (const Tensor& slot : slots->second) require_shape("slot of '" + name + "'", slot, entry.shape);
  }
  for (auto& [name, entry] : entries_) {
    entry.weights.upload(std::as_bytes(weights.at(name).values()).data());
    for (std::size_t i = 0; i < entry.slots.size(); ++i) {
      entry.slots[i].upload(std::as_bytes(state.slots.at(name)[i].values()).data());
    }
  }
}

}  // namespace petal
