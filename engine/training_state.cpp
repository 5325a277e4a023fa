#include "engine/training_state.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/value_types.h"

namespace petal {
namespace {

// More samples at a time than this fall out of a core's cache and gain nothing.
constexpr std::int64_t largest_micro_batch = 4;

bool learns_statistics(const TrainingNetwork& network) {
  const auto nodes = network.network.graph.nodes();
  return std::ranges::any_of(nodes,
                             [](const Node& node) { return node.trainable && moves_statistics(node.layer); });
}

// Whether the batch runs in one piece on all threads: where it must, where the device is no set of cores, and
// where there are not enough samples for the cores.
bool runs_whole(const TrainingNetwork& network, const Backend& backend, std::int64_t batch) {
  return learns_statistics(network) || batch < backend.threads() || backend.for_one_core() == nullptr;
}

// The largest number of samples at a time that gives every lane equally many runs.
std::int64_t chosen_micro_batch(std::int64_t batch, std::int64_t lanes) {
  const std::int64_t runs = (batch + lanes * largest_micro_batch - 1) / (lanes * largest_micro_batch);
  return (batch + lanes * runs - 1) / (lanes * runs);
}

}  // namespace

TrainingPlan::State::State(const Network& given, std::shared_ptr<const Backend> given_backend,
                           const TrainingOptions& given_options)
    : options(given_options),
      backend(std::move(given_backend)),
      network(optimize_for_training(given)),
      parameters(network.network.graph, network.network.weights, network.constant,
                 value_types(network.network.graph, options.precision), options.optimizer, backend->memory()),
      threads(runs_whole(network, *backend, options.batch) ? 1 : backend->threads()),
      whole_batch_(learns_statistics(network)),
      update_(backend->prepare_update(options.optimizer)),
      scale_(options.precision) {
  parameters.round(*update_);
  const std::int64_t lanes = threads.count();
  micro_batch = options.batch;
  if (!whole_batch_ && options.micro_batch > 0) {
    micro_batch = std::min(options.micro_batch, options.batch);
  } else if (lanes > 1) {
    micro_batch = chosen_micro_batch(options.batch, lanes);
  }
  const std::int64_t runs = (options.batch + micro_batch * lanes - 1) / (micro_batch * lanes);
  for (std::int64_t lane = 0; lane < lanes; ++lane) lanes_.push_back(make_lane(micro_batch, runs));
  first_ = &lanes_[0];
  const Graph& graph = network.network.graph;
  for (int input : graph.inputs()) {
    inputs.push_back({DataType::f32, graph[input].shape.with_batch(options.batch)});
  }
  predictions.assign(static_cast<std::size_t>(options.batch * graph[graph.outputs()[0]].shape[0]), 0.0f);
  losses_.assign(lanes_.size(), 0.0);
  penalties_.assign(lanes_.size(), 0.0);
  finite_.assign(lanes_.size(), 1);
  slice_parameters();
}

TrainingLane TrainingPlan::State::make_lane(std::int64_t samples, std::int64_t runs) const {
  auto& shared = const_cast<ParameterStore&>(parameters);
  return TrainingLane(network, options, samples, runs,
                      threads.count() > 1 ? backend->for_one_core() : backend, shared, update_);
}

void TrainingPlan::State::slice_parameters() {
  constexpr std::int64_t line = 16;  // floats of a cache line, so that no two lanes write to one
  const std::int64_t lanes = threads.count();
  slices_.resize(lanes_.size());
  slice_parameters_.resize(lanes_.size());
  for (int number = 0; number < parameters.trainable_count(); ++number) {
    const UpdateKernel::Parameter& whole = parameters.parameter(number);
    const std::int64_t share = ((whole.elements + lanes - 1) / lanes + line - 1) / line * line;
    for (std::int64_t lane = 0; lane < lanes && lane * share < whole.elements; ++lane) {
      const std::int64_t first = lane * share, elements = std::min(share, whole.elements - first);
      UpdateKernel::Parameter slice = whole;
      slice.weights += first;
      for (float*& slot : slice.slots) slot += first;
      if (slice.rounded) slice.rounded += static_cast<std::size_t>(first) * size_of(slice.rounded_type);
      slice.elements = elements;
      slice_parameters_[static_cast<std::size_t>(lane)].push_back(slice);
      slices_[static_cast<std::size_t>(lane)].push_back({static_cast<std::size_t>(number), first, elements});
    }
  }
}

TrainingLane& TrainingPlan::State::whole_batch_lane(std::int64_t count) {
  if (count == options.batch) return lanes_[0];
  const auto found = short_lanes_.find(count);
  if (found != short_lanes_.end()) return found->second;
  TrainingLane& lane = short_lanes_.emplace(count, make_lane(count, 1)).first->second;
  lane.set_profiling(profiling_);
  return lane;
}

// On a device, where one run takes the whole batch.
int TrainingPlan::State::steps_at_once() const {
  const bool one_run = threads.count() == 1 && (whole_batch_ || micro_batch == options.batch);
  return backend->memory()->is_apart() && one_run ? static_cast<int>(TrainingLane::runs_at_once) : 1;
}

void TrainingPlan::State::start(const TrainingBatch& batch, const RunContext& context) {
  const int most = steps_at_once();
  if (static_cast<int>(started_.size()) == most)
    throw Error("training step", "finish the step before this one first", ErrorKind::failure);
  const bool at_once = most > 1;
  first_ = whole_batch_ ? &whole_batch_lane(batch.count) : &lanes_[0];
  threads.run([&](int lane) { run_lane(lane, batch, context, !at_once); });
  threads.run([&](int lane) { reduce(lane); });
  double loss = 0;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    loss += losses_[lane];
    loss += penalties_[lane];
  }
  started_.push_back({loss, at_once ? first_ : nullptr});
}

double TrainingPlan::State::finish() {
  if (started_.empty()) throw Error("training step", "none was started", ErrorKind::failure);
  const Started step = started_.front();
  started_.pop_front();
  return step.loss + (step.lane ? step.lane->finish(predictions.data()) : 0.0);
}

void TrainingPlan::State::run_lane(int number, const TrainingBatch& batch, const RunContext& context,
                                   bool finish_last) {
  TrainingLane& lane = whole_batch_ ? *first_ : lanes_[static_cast<std::size_t>(number)];
  const std::int64_t samples = whole_batch_ ? batch.count : micro_batch;
  double& loss = losses_[static_cast<std::size_t>(number)] = 0;
  lane.begin();
  for (std::int64_t first = number * samples; first < batch.count; first += threads.count() * samples) {
    lane.start(batch, first, std::min(samples, batch.count - first), context, scale_.factor());
    if (finish_last) loss += lane.finish(predictions.data());
  }
}

void TrainingPlan::State::reduce(int lane) {
  const auto own = static_cast<std::size_t>(lane);
  for (std::size_t i = 0; i < slices_[own].size(); ++i) {
    const auto [parameter, first, elements] = slices_[own][i];
    float* sum = first_->gradients()[parameter].floats() + first;
    for (std::size_t other = 1; other < lanes_.size(); ++other) {
      if (!lanes_[other].ran()) continue;
      const UpdateKernel::Part part{sum, lanes_[other].gradients()[parameter].floats() + first, elements};
      update_->accumulate({&part, 1}, false);
    }
    slice_parameters_[own][i].diff_weights = sum;
  }
  if (scale_.is_used()) finite_[own] = update_->unscale(slice_parameters_[own], 1.0f / scale_.factor());
  penalties_[own] = update_->regularize(slice_parameters_[own]);
}

std::vector<float> TrainingPlan::State::clipping_scales() {
  std::vector<double> sums(static_cast<std::size_t>(parameters.trainable_count()), 0.0);
  for (std::size_t lane = 0; lane < slices_.size(); ++lane) {
    std::vector<double> parts(slices_[lane].size());
    update_->sum_squares(slice_parameters_[lane], parts);
    for (std::size_t i = 0; i < parts.size(); ++i) sums[slices_[lane][i].parameter] += parts[i];
  }
  std::vector<float> scales(sums.size());
  petal::clipping_scales(options.clipping, sums, scales);
  return scales;
}

void TrainingPlan::State::update(float learning_rate) {
  const bool finite = std::ranges::count(finite_, 0) == 0;
  scale_.count(finite);
  if (!finite) return;
  const GradientClipping& clipping = options.clipping;
  const bool by_norm = needs_norms(clipping);
  const std::vector<float> by_parameter = by_norm ? clipping_scales() : std::vector<float>();
  ++updates;
  threads.run([&](int lane) {
    const auto own = static_cast<std::size_t>(lane);
    std::vector<float> scales;
    if (by_norm) {
      for (const Slice& slice : slices_[own]) scales.push_back(by_parameter[slice.parameter]);
    }
    update_->run(
        slice_parameters_[own],
        {.learning_rate = learning_rate, .step = updates, .clip_value = clipping.value, .scales = scales});
  });
}

OptimizerState TrainingPlan::State::state() const {
  OptimizerState state = parameters.state(updates);
  if (!scale_.is_used()) return state;
  state.loss_scale = scale_.factor();
  state.finite_steps = scale_.finite_steps();
  return state;
}

void TrainingPlan::State::restore(const Weights& weights, const OptimizerState& state) {
  parameters.restore(weights, state);
  parameters.round(*update_);
  updates = state.step;
  scale_.restore(state.loss_scale, state.finite_steps);
}

Tensor TrainingPlan::State::gradient(const std::string& name) const {
  const int number = parameters.number(name);
  if (number < 0) throw Error("weight '" + name + "'", "is not trainable and has no gradient");
  Tensor gradient(network.network.weights.at(name).shape());
  first_->gradients()[static_cast<std::size_t>(number)].download(gradient.bytes());
  return gradient;
}

void TrainingPlan::State::set_profiling(bool on) {
  profiling_ = on;
  for (TrainingLane& lane : lanes_) lane.set_profiling(on);
  for (auto& [count, lane] : short_lanes_) lane.set_profiling(on);
}

Profile TrainingPlan::State::profile() const {
  Profile sum = lanes_[0].profile();
  for (std::size_t lane = 1; lane < lanes_.size(); ++lane)
    add_lane(sum, lanes_[lane].profile(), static_cast<int>(lane));
  for (const auto& [count, lane] : short_lanes_) add_lane(sum, lane.profile(), 0);
  return sum;
}

std::size_t TrainingPlan::State::arena_bytes() const {
  std::size_t bytes = 0;
  for (const TrainingLane& lane : lanes_) bytes += lane.arena_bytes();
  for (const auto& [count, lane] : short_lanes_) bytes += lane.arena_bytes();
  return bytes;
}

}  // namespace petal
