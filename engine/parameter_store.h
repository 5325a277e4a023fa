#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/weights.h"

namespace petal {

// An optimiser's memory: what it needs besides the weights to go on as if it had never stopped.
struct OptimizerState {
  std::int64_t step = 0;  // updates made
  // Of LossScale in float16; 0 where there is none.
  float loss_scale = 0;
  std::int64_t finite_steps = 0;
  std::map<std::string, std::vector<Tensor>> slots{};  // by the weight's full name
};

// A training plan's own copy of the weights, float32, with the optimiser's slots for each trainable one and a
// rounded copy of those that kernels read as halves, in the backend's memory. It stays where it is for the
// plan's life: kernels hold its addresses.
class ParameterStore {
 public:
  // The weights of the nodes that `constant` does not name by number; `types` are those of the nodes' values.
  // Throws Error where none is trainable.
  ParameterStore(const Graph& graph, const Weights& weights, const std::vector<bool>& constant,
                 const std::vector<DataType>& types, const Optimizer& optimizer,
                 std::shared_ptr<const Memory> memory);

  // What kernels read: the weight, or its copy where weight_type is a half.
  const std::byte* operand(const std::string& name) const;
  float* statistic(const std::string& name);
  // Assigns all of these copies; they are not assigned before.
  void round(const UpdateKernel& update) const;
  // A trainable weight's number, in order of the graph; -1 for statistics and frozen weights.
  int number(const std::string& name) const;
  int trainable_count() const { return static_cast<int>(parameters_.size()); }
  // Without diff_weights.
  const UpdateKernel::Parameter& parameter(int number) const {
    return parameters_[static_cast<std::size_t>(number)];
  }

  // Copies weights and statistics into the store.
  void store(Weights& weights) const;
  OptimizerState state(std::int64_t step) const;
  // Overwrites what is trained. Throws Error that names the first weight or slot that is missing or of
  // another shape; nothing is changed then.
  void restore(const Weights& weights, const OptimizerState& state);

 private:
  struct Entry {
    Shape shape;
    DeviceArray weights;
    DeviceArray rounded;  // empty where kernels read the weights themselves
    Role role = Role::weight;
    int number = -1;
    std::vector<DeviceArray> slots;
  };
  std::map<std::string, Entry> entries_;
  std::vector<UpdateKernel::Parameter> parameters_;
  std::vector<UpdateKernel::Parameter> rounded_;  // all that have a copy, frozen ones too
};

}  // namespace petal
