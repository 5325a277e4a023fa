#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/compiled_node.h"
#include "engine/executor.h"
#include "engine/parameter_store.h"
#include "engine/training_plan.h"

namespace petal {

// Where the loss step reads its targets and sample weights and leaves its losses; set before each run.
class LossArguments {
 public:
  LossArguments() = default;
  LossArguments(std::int64_t batch, std::int64_t classes, const Loss& loss);

  // Copies `count` samples' targets and weights (ones where empty); the rest of the batch gets weight 0.
  void set(const void* targets, std::span<const float> sample_weights, std::int64_t count);
  // The mean over the real samples of the last run's weighted losses.
  double mean() const;

  const std::byte* targets() const { return data_->targets.data(); }
  const float* sample_weights() const { return data_->sample_weights.data(); }
  float* losses() const { return data_->losses.data(); }

 private:
  struct Data {
    std::vector<std::byte> targets;
    std::vector<float> sample_weights, losses;
    std::size_t bytes_a_target = 0;
  };
  std::shared_ptr<Data> data_;  // shared with the loss step, which holds its addresses
};

// Declares the steps of a training plan on an executor: forward, loss, backward.
class TrainingSteps {
 public:
  TrainingSteps(const Graph& graph, const Weights& weights, ParameterStore& parameters, Executor& executor,
                const TrainingOptions& options);

  void add_forward();
  LossArguments add_loss();
  void add_backward();
  int value_buffer(int node) const { return values_[static_cast<std::size_t>(node)]; }

 private:
  NodeRequest request(const Node& node, Direction direction) const;
  Operands forward_operands(const Node& node);
  Operands backward_operands(int index, int diff_dst);
  void add_backward_weights(int index, int diff_dst);
  void add_backward_data(int index, int diff_dst);
  // One buffer with the sum of all gradients that meet in the value; -1 where there is none.
  int gathered_gradient(int index);
  int gradient_buffer(int index);

  const Graph& graph_;
  const Weights& weights_;
  ParameterStore& parameters_;
  Executor& executor_;
  const TrainingOptions& options_;
  std::vector<int> values_, workspaces_;
  std::vector<bool> wants_gradient_;         // a trainable weight lies at the node or before it
  std::vector<std::vector<int>> gradients_;  // the buffers of the gradients that reach each value
};

}  // namespace petal
