#pragma once

#include <memory>
#include <span>

#include "engine/backend.h"
#include "engine/parameter_store.h"
#include "engine/profile.h"
#include "engine/sample_source.h"
#include "engine/weights.h"

namespace petal {

struct TrainingOptions {
  std::int64_t batch = 32;
  // f32, or a half, bf16 or f16: then values and the gradients between layers are halves, and float32 weights
  // are learnt; value_types.h says what is computed in which type, LossScale what keeps f16's gradients from
  // vanishing.
  Precision precision = Precision::f32;
  Loss loss{};
  Optimizer optimizer = Adam{};
  GradientClipping clipping{};
  // Samples that a core takes through the whole network at a time; 0: chosen so that all cores have work and
  // their values stay in cache. Gradients are summed over them, which changes nothing but rounding. Where a
  // batch norm learns, its statistics are the whole batch's, so the batch stays whole.
  std::int64_t micro_batch = 0;
  // The samples are 8-bit pixels (SampleSource::write_pixels), and go to a device's memory as such.
  bool pixels = false;
};

struct TrainingBatch {
  const SampleSource* source = nullptr;
  std::int64_t count = 0;                   // real samples, from 1 to the plan's batch
  const void* targets = nullptr;            // `count`, as Loss says
  std::span<const float> sample_weights{};  // `count`; empty: ones
};

// An executable for training steps: forward with what backward needs kept, loss, backward, update. The graph
// has one output, (N, C). Where it ends in softmax (or sigmoid, for the binary loss) and the loss is from
// probabilities, the two are one stable gradient. Nodes that no trainable weight comes before run as a frozen
// inference network, fused and packed; random layers among them stay active. The plan holds its own copy of
// the weights and the optimiser's state.
//
// Where the backend has a form for one core, every core is a lane of its own that takes its micro-batches
// through the whole network; which samples a lane takes depends on the batch and the number of cores alone,
// so that equal numbers of cores give equal bits. Where the backend makes replicas, each of these devices
// takes its share of every batch, and all of them together the steps that one would take, to rounding.
class TrainingPlan {
 public:
  TrainingPlan(TrainingPlan&&) noexcept;
  TrainingPlan& operator=(TrainingPlan&&) noexcept;
  ~TrainingPlan();

  std::int64_t batch() const;
  // One an input of the graph, with N = batch.
  std::span<const TensorDescription> inputs() const;
  // Forward, loss and backward. Returns the batch's loss: the mean over its real samples of their weighted
  // losses, and the regularisers' penalty. Throws Error where the count does not fit, and what the source
  // threw; several devices cannot go on after that.
  double forward_backward(const TrainingBatch& batch, const RunContext& context);
  // The same in two halves, between which a device works while the host goes on: `start` begins a step,
  // `finish` waits for the first of those that were started and are not finished, and returns its loss. Of
  // these there are at most `steps_at_once`. `update` is of the step started last, finished or not.
  void start(const TrainingBatch& batch, const RunContext& context);
  double finish();
  int steps_at_once() const;
  // One optimiser step with the gradients of the step started last; none where, in f16, they are not finite.
  void update(float learning_rate);
  // The network's output of the step finished last: probabilities (batch, C), also where softmax was fused
  // into the loss. In the host's memory.
  const float* predictions() const;
  // The gradient of a weight by its full name, as the step started last left it: not clipped yet.
  Tensor gradient(const std::string& name) const;

  // Copies the trained weights and statistics back into the store.
  void store(Weights& weights) const;
  // What, with the weights, makes another plan go on bit for bit as this one would.
  OptimizerState optimizer_state() const;
  // Throws Error that names the first weight that does not fit; nothing is changed then.
  void restore(const Weights& weights, const OptimizerState& state);

  int devices() const;  // that train together; 1: the backend's own
  int lanes() const;    // of cores, or devices
  std::int64_t micro_batch() const;
  void set_profiling(bool on);
  // Summed over the lanes. The entry of kind "input" is the time in SampleSource::write.
  Profile profile() const;
  std::size_t arena_bytes() const;

 private:
  friend TrainingPlan compile_training(const Graph&, const Weights&, std::shared_ptr<const Backend>,
                                       const TrainingOptions&);
  struct Devices;
  struct State;
  explicit TrainingPlan(std::unique_ptr<Devices> devices);
  std::unique_ptr<Devices> devices_;
};

// Throws Error(--precision) for one that training does not run in, on any backend.
void require_training_precision(Precision precision);

// Throws Error where a weight is missing, nothing is trainable, or the backend lacks a kernel, naming the
// node.
TrainingPlan compile_training(const Graph& graph, const Weights& weights,
                              std::shared_ptr<const Backend> backend, const TrainingOptions& options);

}  // namespace petal
