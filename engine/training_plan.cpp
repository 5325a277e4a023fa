#include "engine/training_plan.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/training_state.h"

namespace petal {

TrainingPlan::TrainingPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
TrainingPlan::TrainingPlan(TrainingPlan&&) noexcept = default;
TrainingPlan& TrainingPlan::operator=(TrainingPlan&&) noexcept = default;
TrainingPlan::~TrainingPlan() = default;

void require_training_precision(Precision precision) {
  if (precision != Precision::f64) return;
  throw Error("--precision", "training runs in f32, bf16 or f16, not in f64");
}

TrainingPlan compile_training(const Graph& graph, const Weights& weights,
                              std::shared_ptr<const Backend> backend, const TrainingOptions& options) {
  if (options.batch < 1) throw Error("--batch-size", std::to_string(options.batch) + " must be 1 or more");
  require_training_precision(options.precision);
  if (graph.outputs().size() != 1 || graph[graph.outputs()[0]].shape.rank() != 1) {
    throw Error(graph.name(), "training takes a graph with one output of shape (classes)");
  }
  require_valid(options.clipping);
  require_complete(graph, weights);
  return TrainingPlan(
      std::make_unique<TrainingPlan::State>(Network{graph, weights}, std::move(backend), options));
}

double TrainingPlan::forward_backward(const TrainingBatch& batch, const RunContext& context) {
  start(batch, context);
  return finish();
}

void TrainingPlan::start(const TrainingBatch& batch, const RunContext& context) {
  if (batch.count < 1 || batch.count > state_->options.batch) {
    throw Error("training step",
                std::to_string(batch.count) + " samples were given to a plan of " +
                    std::to_string(state_->options.batch),
                ErrorKind::failure);
  }
  state_->start(batch, context);
}

double TrainingPlan::finish() {
  return state_->finish();
}
int TrainingPlan::steps_at_once() const {
  return state_->steps_at_once();
}

void TrainingPlan::update(float learning_rate) {
  state_->update(learning_rate);
}
const float* TrainingPlan::predictions() const {
  return state_->predictions.data();
}
Tensor TrainingPlan::gradient(const std::string& name) const {
  return state_->gradient(name);
}
void TrainingPlan::store(Weights& weights) const {
  state_->parameters.store(weights);
}
OptimizerState TrainingPlan::optimizer_state() const {
  return state_->state();
}
void TrainingPlan::restore(const Weights& weights, const OptimizerState& state) {
  state_->restore(weights, state);
}
std::int64_t TrainingPlan::batch() const {
  return state_->options.batch;
}
std::span<const TensorDescription> TrainingPlan::inputs() const {
  return state_->inputs;
}
int TrainingPlan::lanes() const {
  return state_->threads.count();
}
std::int64_t TrainingPlan::micro_batch() const {
  return state_->micro_batch;
}
void TrainingPlan::set_profiling(bool on) {
  state_->set_profiling(on);
}
Profile TrainingPlan::profile() const {
  return state_->profile();
}
std::size_t TrainingPlan::arena_bytes() const {
  return state_->arena_bytes();
}

}  // namespace petal
