#include "engine/training_plan.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/compiled_node.h"
#include "engine/error.h"
#include "engine/executor.h"
#include "engine/passes/passes.h"
#include "engine/training_steps.h"

namespace petal {

struct TrainingPlan::State {
  TrainingOptions options;
  Graph graph;
  ParameterStore parameters;
  Executor executor;
  LossArguments loss{};
  std::vector<int> input_buffers{};
  std::vector<TensorDescription> inputs{};
  int predictions = -1;
  std::unique_ptr<UpdateKernel> update{};
  std::int64_t updates = 0;
};

TrainingPlan::TrainingPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainingPlan::TrainingPlan(TrainingPlan&&) noexcept = default;
TrainingPlan& TrainingPlan::operator=(TrainingPlan&&) noexcept = default;
TrainingPlan::~TrainingPlan() = default;

TrainingPlan compile_training(const Graph& graph, const Weights& weights,
                              std::shared_ptr<const Backend> backend, const TrainingOptions& options) {
  if (options.batch < 1) throw Error("--batch-size", std::to_string(options.batch) + " must be 1 or more");
  if (options.precision != Precision::f32) {
    throw Error("--precision",
                "training runs in f32 only, not in " + std::string(to_string(options.precision)));
  }
  require_complete(graph, weights);
  auto state = std::make_unique<TrainingPlan::State>(
      TrainingPlan::State{options, split_softmax({graph, weights}).graph,
                          ParameterStore(graph, weights, slot_count(options.optimizer)), Executor(backend)});
  backend->enter();
  TrainingSteps steps(state->graph, weights, state->parameters, state->executor, options);
  steps.add_forward();
  state->loss = steps.add_loss();
  steps.add_backward();
  for (int input : state->graph.inputs()) {
    state->input_buffers.push_back(steps.value_buffer(input));
    state->inputs.push_back({DataType::f32, state->graph[input].shape.with_batch(options.batch)});
    state->executor.hold_from_start(state->input_buffers.back());
  }
  state->predictions = steps.value_buffer(state->graph.outputs()[0]);
  state->executor.hold_to_end(state->predictions);
  state->executor.finish();
  state->update = backend->prepare_update(options.optimizer);
  return TrainingPlan(std::move(state));
}

double TrainingPlan::forward_backward(const void* targets, std::span<const float> sample_weights,
                                      std::int64_t count, const RunContext& context) {
  State& s = *state_;
  const std::int64_t batch = s.options.batch;
  if (count < 1 || count > batch) {
    throw Error("training step",
                std::to_string(count) + " samples were given to a plan of " + std::to_string(batch),
                ErrorKind::failure);
  }
  s.loss.set(targets, sample_weights, count);
  s.executor.run(context);
  return s.loss.mean();
}

void TrainingPlan::update(float learning_rate) {
  State& s = *state_;
  s.update->run(s.parameters.trainable(), {.learning_rate = learning_rate, .step = ++s.updates});
}

const float* TrainingPlan::predictions() const {
  return reinterpret_cast<const float*>(state_->executor.address(state_->predictions));
}

Tensor TrainingPlan::gradient(const std::string& name) const {
  return state_->parameters.gradient(name);
}
void TrainingPlan::store(Weights& weights) const {
  state_->parameters.store(weights);
}
std::int64_t TrainingPlan::batch() const {
  return state_->options.batch;
}
std::span<const TensorDescription> TrainingPlan::inputs() const {
  return state_->inputs;
}
std::byte* TrainingPlan::input(std::size_t index) {
  return state_->executor.address(state_->input_buffers.at(index));
}
void TrainingPlan::set_profiling(bool on) {
  state_->executor.set_profiling(on);
}
const Profile& TrainingPlan::profile() const {
  return state_->executor.profile();
}
std::size_t TrainingPlan::arena_bytes() const {
  return state_->executor.arena_bytes();
}

}  // namespace petal
