#include "engine/training_lane.h"

#include <algorithm>
#include <cstring>

#include "engine/stopwatch.h"

namespace petal {
namespace {

std::vector<DeviceArray> arrays_like(const ParameterStore& parameters,
                                     const std::shared_ptr<const Memory>& memory) {
  std::vector<DeviceArray> arrays;
  for (int number = 0; number < parameters.trainable_count(); ++number) {
    const auto elements = static_cast<std::size_t>(parameters.parameter(number).elements);
    arrays.emplace_back(memory, elements * sizeof(float));
  }
  return arrays;
}

}  // namespace

TrainingLane::TrainingLane(const TrainingNetwork& network, const TrainingOptions& options,
                           std::int64_t samples, std::int64_t runs, std::shared_ptr<const Backend> backend,
                           ParameterStore& parameters, std::shared_ptr<const UpdateKernel> update,
                           const LossScale* scale)
    : samples_(samples),
      update_(std::move(update)),
      executor_(std::make_unique<Executor>(std::move(backend))),
      fresh_(arrays_like(parameters, executor_->memory())) {
  if (runs > 1) sums_ = arrays_like(parameters, executor_->memory());
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    parts_.push_back(
        {sums_[i].floats(), fresh_[i].floats(), parameters.parameter(static_cast<int>(i)).elements});
  }
  const Graph& graph = network.network.graph;
  executor_->backend().enter();
  TrainingSteps steps(network, options, samples, parameters, fresh_, *executor_);
  steps.add_forward();
  arguments_ = steps.add_loss(scale);
  steps.add_backward();
  for (int input : graph.inputs()) executor_->hold_from_start(steps.value_buffer(input));
  const int output = graph.outputs()[0];
  executor_->hold_to_end(steps.value_buffer(output));
  executor_->finish(samples, "training '" + graph.name() + "' in batches of " + std::to_string(samples));
  const std::shared_ptr<const Memory>& memory = executor_->memory();
  for (int input : graph.inputs()) {
    inputs_.emplace_back(executor_->backend(), executor_->address(steps.value_buffer(input)),
                         TensorDescription{DataType::f32, graph[input].shape.with_batch(samples)},
                         options.pixels);
  }
  for (std::size_t result = 0; result < (memory->is_apart() ? runs_at_once : 1); ++result) {
    results_.push_back(
        {executor_->mirror(steps.value_buffer(output)), arguments_.mirror_losses(), memory->make_mark()});
  }
  sample_ids_.assign(static_cast<std::size_t>(samples), 0);
  classes_ = static_cast<std::size_t>(graph[output].shape[0]);
  executor_->profile().entries.push_back(
      {.name = "input", .kind = "input", .phase = "input", .implementation = "", .operations = 0});
}

void TrainingLane::start(const TrainingBatch& batch, std::int64_t first, std::int64_t count,
                         const RunContext& context) {
  read_inputs(batch, first, count);
  arguments_.set(batch, first, count);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto position = static_cast<std::size_t>(first + i);
    sample_ids_[static_cast<std::size_t>(i)] =
        context.samples.empty() ? static_cast<std::uint32_t>(position) : context.samples[position];
  }
  executor_->run({.seed = context.seed, .epoch = context.epoch, .samples = sample_ids_});
  Result& result = results_[turn_];
  result.predictions.download();
  result.losses.download();
  executor_->memory()->set(*result.arrived);
  result.first = first;
  result.count = count;
  started_.push_back(turn_);
  turn_ = (turn_ + 1) % results_.size();
  // What backward assigned becomes a part of the batch's gradient.
  update_->accumulate(parts_, runs_ == 0);
  ++runs_;
}

double TrainingLane::finish(float* predictions) {
  const Result& result = results_[started_.front()];
  started_.pop_front();
  result.arrived->wait();
  std::copy_n(reinterpret_cast<const float*>(result.predictions.data()),
              static_cast<std::size_t>(result.count) * classes_,
              predictions + static_cast<std::size_t>(result.first) * classes_);
  return arguments_.share_of_mean(result.losses);
}

void TrainingLane::read_inputs(const TrainingBatch& batch, std::int64_t first, std::int64_t count) {
  const Stopwatch reading;
  for (std::size_t input = 0; input < inputs_.size(); ++input) {
    InputUpload& upload = inputs_[input];
    std::byte* data = upload.next();
    if (upload.takes_pixels())
      batch.source->write_pixels(input, first, count, reinterpret_cast<std::uint8_t*>(data));
    else
      batch.source->write(input, first, count, reinterpret_cast<float*>(data));
    const std::size_t bytes_a_sample = upload.bytes() / static_cast<std::size_t>(samples_);
    std::memset(data + static_cast<std::size_t>(count) * bytes_a_sample, 0,
                static_cast<std::size_t>(samples_ - count) * bytes_a_sample);
    upload.send();
  }
  if (!profiling_) return;
  ProfileEntry& entry = executor_->profile().entries.back();
  entry.seconds += reading.seconds();
  ++entry.runs;
}

void TrainingLane::set_profiling(bool on) {
  profiling_ = on;
  executor_->set_profiling(on);
}

}  // namespace petal
