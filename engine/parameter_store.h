#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/weights.h"

namespace petal {

// A training plan's own copy of the weights, with a gradient and optimiser slots for each trainable one. The
// memory stays where it is for the plan's life: kernels hold its addresses.
class ParameterStore {
 public:
  ParameterStore(const Graph& graph, const Weights& weights, int slots);

  std::byte* weights(const std::string& name);
  // Null for statistics and frozen weights.
  std::byte* diff_weights(const std::string& name);
  // All trainable weights with their gradients and slots, in order of the graph.
  std::span<const UpdateKernel::Parameter> trainable() const { return trainable_; }
  Tensor gradient(const std::string& name) const;
  // Copies weights and statistics into the store.
  void store(Weights& weights) const;

 private:
  struct Entry {
    Tensor weights, diff_weights;
    Role role = Role::weight;
    bool trainable = false;
    std::vector<Tensor> slots;
  };
  const Entry& entry(const std::string& name) const;
  std::map<std::string, Entry> entries_;
  std::vector<UpdateKernel::Parameter> trainable_;
};

}  // namespace petal
