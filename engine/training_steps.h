#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/chains.h"
#include "engine/compiled_node.h"
#include "engine/executor.h"
#include "engine/parameter_store.h"
#include "engine/passes/passes.h"
#include "engine/training_plan.h"

namespace petal {

// Where the loss step reads its targets and sample weights, set before each run, and leaves its losses.
class LossArguments {
 public:
  LossArguments() = default;
  LossArguments(std::int64_t samples, std::int64_t classes, const Loss& loss,
                const std::shared_ptr<const Memory>& memory);

  // Copies the targets and weights (ones where empty) of samples [first, first + count) of `batch`; the rest
  // of these samples gets weight 0. Weights are scaled so that what the step gives is this share of the mean
  // over all real samples of the batch. Throws Error where a label is no class.
  void set(const TrainingBatch& batch, std::int64_t first, std::int64_t count);
  // Where the losses come to on the host.
  HostMirror mirror_losses() const;
  // What they say there: this share of the mean over the batch's real samples of their weighted losses.
  double share_of_mean(const HostMirror& losses) const;

  // In the backend's memory.
  const std::byte* targets() const { return data_->targets.device.data(); }
  const float* sample_weights() const { return data_->sample_weights.device.floats(); }
  float* losses() const { return data_->losses.floats(); }

 private:
  struct Array {
    DeviceArray device;
    HostMirror host;
    Array(const std::shared_ptr<const Memory>& memory, std::size_t bytes)
        : device(memory, bytes), host(memory, device.data(), bytes) {}
  };
  struct Data {
    bool labels;  // targets are class numbers
    std::int64_t classes;
    std::size_t bytes_a_target;
    Array targets, sample_weights;
    DeviceArray losses;
    std::shared_ptr<const Memory> memory;
  };
  void require_classes(const std::int32_t* labels, std::int64_t first, std::int64_t count) const;

  std::shared_ptr<Data> data_;  // shared with the loss step, which holds its addresses
};

// Declares the steps of a training plan on an executor: forward, loss, backward; `samples` at a time.
class TrainingSteps {
 public:
  // `gradients`: one array a parameter, by its number, which backward assigns.
  TrainingSteps(const TrainingNetwork& network, const TrainingOptions& options, std::int64_t samples,
                ParameterStore& parameters, std::span<DeviceArray> gradients, Executor& executor);

  void add_forward();
  // The gradients are multiplied by the factor of `scale`, in the backend's memory.
  LossArguments add_loss(const LossScale* scale);
  void add_backward();
  int value_buffer(int node) const { return values_[static_cast<std::size_t>(node)]; }

 private:
  // Of a node's value and of its gradient.
  DataType type(int node) const { return types_[static_cast<std::size_t>(node)]; }
  NodeRequest request(int index, Direction direction) const;
  Chains make_chains() const;
  // The nodes that one kernel runs, the last of which is `index`.
  std::vector<int> nodes_ending_at(int index);
  std::unique_ptr<Kernel> prepare(int index, Direction direction);
  ProfileEntry entry(int index, Direction direction);
  Operands forward_operands(int index);
  Operands backward_operands(int index, int diff_dst);
  void add_backward_weights(int index, int diff_dst);
  void add_backward_data(int index, int diff_dst);
  // One buffer with the sum of all gradients that meet in the value; -1 where there is none.
  int gathered_gradient(int index);
  int value_sized_buffer(int index);
  std::byte* gradient(const std::string& weight);

  const TrainingNetwork& network_;
  const Graph& graph_;
  const TrainingOptions& options_;
  std::int64_t samples_;
  ParameterStore& parameters_;
  std::span<DeviceArray> parameter_gradients_;
  Executor& executor_;
  std::vector<DataType> types_;  // value_types of the graph
  Chains chains_;
  std::vector<int> values_, workspaces_;     // of the last node of a chain; -1 inside one
  std::vector<std::vector<int>> gradients_;  // the buffers of the gradients that reach each value
};

}  // namespace petal
