#include "engine/parameter_store.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {

ParameterStore::ParameterStore(const Graph& graph, const Weights& weights, const std::vector<bool>& constant,
                               const Optimizer& optimizer) {
  for (std::size_t i = 0; i < constant.size(); ++i) {
    if (constant[i]) continue;
    const Node& node = graph.nodes()[i];
    for (const WeightDeclaration& declaration : graph.weights(node)) {
      Entry& entry = entries_[declaration.name];
      entry.weights = weights.at(declaration.name);
      entry.role = declaration.role;
      if (!node.trainable || declaration.role != Role::weight) continue;
      entry.number = trainable_count();
      UpdateKernel::Parameter parameter{.weights = entry.weights.values().data(),
                                        .elements = declaration.shape.elements(),
                                        .regularizer = declaration.regularizer};
      for (int slot = 0; slot < slot_count(optimizer); ++slot) {
        entry.slots.emplace_back(declaration.shape);
        std::ranges::fill(entry.slots.back().values(), slot_start(optimizer, slot));
        parameter.slots.push_back(entry.slots.back().values().data());
      }
      parameters_.push_back(parameter);
    }
  }
  if (parameters_.empty()) throw Error(graph.name(), "nothing is trainable; unfreeze a layer or add a head");
}

std::byte* ParameterStore::weights(const std::string& name) {
  return entries_.at(name).weights.bytes();
}

int ParameterStore::number(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error("weight '" + name + "'", "is not in the training plan");
  return found->second.number;
}

void ParameterStore::store(Weights& weights) const {
  for (const auto& [name, entry] : entries_) weights.set(name, entry.weights, entry.role);
}

OptimizerState ParameterStore::state(std::int64_t step) const {
  OptimizerState state{.step = step, .slots = {}};
  for (const auto& [name, entry] : entries_) {
    if (entry.number >= 0) state.slots[name] = entry.slots;
  }
  return state;
}

void ParameterStore::restore(const Weights& weights, const OptimizerState& state) {
  const auto require_shape = [](const std::string& what, const Tensor& found, const Tensor& expected) {
    if (found.shape() == expected.shape()) return;
    throw Error(what, "is " + found.shape().to_string() + ", expected " + expected.shape().to_string());
  };
  for (const auto& [name, entry] : entries_) {
    require_shape("weight '" + name + "'", weights.at(name), entry.weights);
    if (entry.number < 0) continue;
    const auto slots = state.slots.find(name);
    if (slots == state.slots.end() || slots->second.size() != entry.slots.size()) {
      throw Error("weight '" + name + "'", "the optimiser's state for it is of another optimiser");
    }
    for (const Tensor& slot : slots->second) require_shape("slot of '" + name + "'", slot, entry.weights);
  }
  for (auto& [name, entry] : entries_) {
    std::ranges::copy(weights.at(name).values(), entry.weights.values().begin());
    for (std::size_t i = 0; i < entry.slots.size(); ++i) {
      std::ranges::copy(state.slots.at(name)[i].values(), entry.slots[i].values().begin());
    }
  }
}

}  // namespace petal
