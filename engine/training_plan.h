#pragma once

#include <memory>
#include <span>

#include "engine/backend.h"
#include "engine/profile.h"
#include "engine/weights.h"

namespace petal {

struct TrainingOptions {
  std::int64_t batch = 32;
  Precision precision = Precision::f32;
  Loss loss{};
  Optimizer optimizer = Adam{};
};

// An executable for training steps: forward with what backward needs kept, loss, backward, update. The graph
// has one output, (N, C). Where it ends in softmax (or sigmoid, for the binary loss) and the loss is from
// probabilities, the two are one stable gradient. The plan holds its own copy of the weights and the
// optimiser's state.
class TrainingPlan {
 public:
  TrainingPlan(TrainingPlan&&) noexcept;
  TrainingPlan& operator=(TrainingPlan&&) noexcept;
  ~TrainingPlan();

  std::int64_t batch() const;
  std::span<const TensorDescription> inputs() const;
  // To be written before each forward_backward: its memory is used again within the step.
  std::byte* input(std::size_t index = 0);
  // Forward, loss and backward on the inputs written before. `targets` as Loss says; `sample_weights` (N) may
  // be empty. Returns the batch's loss: the sum of the weighted losses over N. A sample of weight 0 changes
  // nothing: that is how a short last batch runs, with `count` real samples, by whose number the mean is
  // taken.
  double forward_backward(const void* targets, std::span<const float> sample_weights, std::int64_t count,
                          const RunContext& context);
  // One optimiser step with the gradients of the last forward_backward.
  void update(float learning_rate);
  // The network's output of the last forward_backward: probabilities (N, C), also where softmax was fused
  // into the loss.
  const float* predictions() const;
  // The gradient of a weight by its full name, as the last forward_backward left it.
  Tensor gradient(const std::string& name) const;
  // Copies the trained weights and statistics back into the store.
  void store(Weights& weights) const;

  void set_profiling(bool on);
  const Profile& profile() const;
  std::size_t arena_bytes() const;

 private:
  friend TrainingPlan compile_training(const Graph&, const Weights&, std::shared_ptr<const Backend>,
                                       const TrainingOptions&);
  struct State;
  explicit TrainingPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Throws Error where a weight is missing, nothing is trainable, or the backend lacks a kernel, naming the
// node.
TrainingPlan compile_training(const Graph& graph, const Weights& weights,
                              std::shared_ptr<const Backend> backend, const TrainingOptions& options);

}  // namespace petal
