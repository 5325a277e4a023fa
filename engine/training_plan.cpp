#include "engine/training_plan.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/training_devices.h"
#include "engine/training_state.h"

namespace petal {

TrainingPlan::TrainingPlan(std::unique_ptr<Devices> devices) : devices_(std::move(devices)) {}
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
  return TrainingPlan(std::make_unique<TrainingPlan::Devices>(Network{graph, weights}, backend, options));
}

double TrainingPlan::forward_backward(const TrainingBatch& batch, const RunContext& context) {
  start(batch, context);
  return finish();
}

void TrainingPlan::start(const TrainingBatch& batch, const RunContext& context) {
  if (batch.count < 1 || batch.count > devices_->first().options.batch) {
    throw Error("training step",
                std::to_string(batch.count) + " samples were given to a plan of " +
                    std::to_string(devices_->first().options.batch),
                ErrorKind::failure);
  }
  devices_->start(batch, context);
}

double TrainingPlan::finish() {
  return devices_->finish();
}
int TrainingPlan::steps_at_once() const {
  return devices_->first().steps_at_once();
}

void TrainingPlan::update(float learning_rate) {
  devices_->update(learning_rate);
}
const float* TrainingPlan::predictions() const {
  return devices_->predictions();
}
Tensor TrainingPlan::gradient(const std::string& name) const {
  return devices_->gradient(name);
}
void TrainingPlan::store(Weights& weights) const {
  devices_->store(weights);
}
OptimizerState TrainingPlan::optimizer_state() const {
  return devices_->optimizer_state();
}
void TrainingPlan::restore(const Weights& weights, const OptimizerState& state) {
  devices_->restore(weights, state);
}
std::int64_t TrainingPlan::batch() const {
  return devices_->first().options.batch;
}
std::span<const TensorDescription> TrainingPlan::inputs() const {
  return devices_->first().inputs;
}
int TrainingPlan::devices() const {
  return devices_->count();
}
int TrainingPlan::lanes() const {
  return devices_->lanes();
}
std::int64_t TrainingPlan::micro_batch() const {
  return devices_->first().micro_batch;
}
void TrainingPlan::set_profiling(bool on) {
  devices_->set_profiling(on);
}
Profile TrainingPlan::profile() const {
  return devices_->profile();
}
std::size_t TrainingPlan::arena_bytes() const {
  return devices_->arena_bytes();
}

}  // namespace petal
