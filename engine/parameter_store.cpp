#include "engine/parameter_store.h"

#include "engine/error.h"

namespace petal {

ParameterStore::ParameterStore(const Graph& graph, const Weights& weights, int slots) {
  for (const Node& node : graph.nodes()) {
    for (const WeightDeclaration& declaration : graph.weights(node)) {
      Entry& entry = entries_[declaration.name];
      entry.weights = weights.at(declaration.name);
      entry.role = declaration.role;
      entry.trainable = node.trainable && declaration.role == Role::weight;
      if (!entry.trainable) continue;
      entry.diff_weights = Tensor(declaration.shape);
      entry.slots.assign(static_cast<std::size_t>(slots), Tensor(declaration.shape));
      std::vector<float*> slots_of_entry;
      for (Tensor& slot : entry.slots) slots_of_entry.push_back(slot.values().data());
      trainable_.push_back({.weights = entry.weights.values().data(),
                            .diff_weights = entry.diff_weights.values().data(),
                            .slots = slots_of_entry,
                            .elements = declaration.shape.elements(),
                            .regularizer = declaration.regularizer});
    }
  }
  if (trainable_.empty()) throw Error(graph.name(), "nothing is trainable; unfreeze a layer or add a head");
}

std::byte* ParameterStore::weights(const std::string& name) {
  return entries_.at(name).weights.bytes();
}

std::byte* ParameterStore::diff_weights(const std::string& name) {
  Entry& entry = entries_.at(name);
  return entry.trainable ? entry.diff_weights.bytes() : nullptr;
}

const ParameterStore::Entry& ParameterStore::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error("weight '" + name + "'", "is not in the training plan");
  return found->second;
}

Tensor ParameterStore::gradient(const std::string& name) const {
  if (!entry(name).trainable) throw Error("weight '" + name + "'", "is not trainable and has no gradient");
  return entry(name).diff_weights;
}

void ParameterStore::store(Weights& weights) const {
  for (const auto& [name, entry] : entries_) weights.set(name, entry.weights, entry.role);
}

}  // namespace petal
