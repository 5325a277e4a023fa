#include "engine/training_state.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <numeric>

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
      communicator_(backend->communicator()),
      own_batch_(batch_share(options.batch, communicator_).count),
      whole_batch_(learns_statistics(network)),
      update_(backend->prepare_update(options.optimizer)) {
  parameters.round(*update_);
  const std::int64_t lanes = threads.count();
  micro_batch = own_batch_;
  if (!whole_batch_ && options.micro_batch > 0) {
    micro_batch = std::min(options.micro_batch, own_batch_);
  } else if (lanes > 1) {
    micro_batch = chosen_micro_batch(own_batch_, lanes);
  }
  const std::int64_t runs = (own_batch_ + micro_batch * lanes - 1) / (micro_batch * lanes);
  make_step_numbers();
  for (std::int64_t lane = 0; lane < lanes; ++lane) lanes_.push_back(make_lane(micro_batch, runs));
  first_ = &lanes_[0];
  const Graph& graph = network.network.graph;
  for (int input : graph.inputs()) {
    inputs.push_back({DataType::f32, graph[input].shape.with_batch(options.batch)});
  }
  predictions.assign(static_cast<std::size_t>(options.batch * graph[graph.outputs()[0]].shape[0]), 0.0f);
  losses_.assign(lanes_.size(), 0.0);
  slice_parameters();
}

void TrainingPlan::State::make_step_numbers() {
  const std::shared_ptr<const Memory> memory = backend->memory();
  const auto lanes = static_cast<std::size_t>(threads.count());
  const std::size_t slices = lanes * static_cast<std::size_t>(parameters.trainable_count());
  const StepState start{.loss_scale = LossScale(options.precision)};
  state_ = DeviceArray(memory, sizeof(StepState));
  state_.upload(reinterpret_cast<const std::byte*>(&start));
  for (HostMirror& rate : learning_rates_)
    rate = HostMirror(memory, state_.data() + offsetof(StepState, learning_rate), sizeof(float));
  if (start.loss_scale.is_used()) finite_ = DeviceArray(memory, lanes * sizeof(std::int32_t));
  for (int number = 0; number < parameters.trainable_count(); ++number)
    has_penalties_ = has_penalties_ || parameters.parameter(number).regularizer != Regularizer{};
  if (has_penalties_) penalties_ = DeviceArray(memory, slices * sizeof(double));
  for (std::size_t result = 0; has_penalties_ && result < TrainingLane::runs_at_once; ++result)
    penalty_results_.push_back({{memory, penalties_.data(), penalties_.size()}, memory->make_mark()});
  if (!needs_norms(options.clipping)) return;
  square_sums_ = DeviceArray(memory, slices * sizeof(double));
  scales_ = DeviceArray(memory, slices * sizeof(float));
}

TrainingLane TrainingPlan::State::make_lane(std::int64_t samples, std::int64_t runs) const {
  auto& shared = const_cast<ParameterStore&>(parameters);
  return TrainingLane(network, options, samples, runs,
                      threads.count() > 1 ? backend->for_one_core() : backend, shared, update_,
                      finite_.size() > 0 ? &device_state()->loss_scale : nullptr);
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

// Where batch norms need just so many samples, or where there are more than the device's lane was made for:
// of a batch that is smaller than the number of devices.
bool TrainingPlan::State::takes_short_lane(const BatchShare& share) const {
  return whole_batch_ ? share.count != own_batch_ : share.count > own_batch_;
}

bool TrainingPlan::State::has_lane_for(std::int64_t count) const {
  const BatchShare share = batch_share(count, communicator_);
  return !takes_short_lane(share) || short_lanes_.contains(share.count);
}

TrainingLane& TrainingPlan::State::lane_for(const BatchShare& share) {
  if (!takes_short_lane(share)) return lanes_[0];
  const auto found = short_lanes_.find(share.count);
  if (found != short_lanes_.end()) return found->second;
  TrainingLane& lane = short_lanes_.emplace(share.count, make_lane(share.count, 1)).first->second;
  lane.set_profiling(profiling_);
  return lane;
}

// On a device, where one run takes the whole batch.
int TrainingPlan::State::steps_at_once() const {
  const bool one_run = threads.count() == 1 && (whole_batch_ || micro_batch == own_batch_);
  return backend->memory()->is_apart() && one_run ? static_cast<int>(TrainingLane::runs_at_once) : 1;
}

void TrainingPlan::State::start(const TrainingBatch& batch, const RunContext& context) {
  const int most = steps_at_once();
  if (static_cast<int>(started_.size()) == most)
    throw Error("training step", "finish the step before this one first", ErrorKind::failure);
  const bool at_once = most > 1;
  share_ = batch_share(batch.count, communicator_);
  first_ = &lane_for(share_);
  threads.run([&](int lane) { run_lane(lane, batch, context, !at_once); });
  threads.run([&](int lane) { sum_lanes(lane); });
  if (communicator_) sum_devices();
  if (has_penalties_ || finite_.size() > 0)
    repeat(finish_gradients_, [&] { threads.run([&](int lane) { finish_gradients(lane); }); });
  if (has_penalties_) {
    turn_ = (turn_ + 1) % penalty_results_.size();
    penalty_results_[turn_].host.download();
    backend->memory()->set(*penalty_results_[turn_].arrived);
  }
  started_.push_back(
      {std::accumulate(losses_.begin(), losses_.end(), 0.0), at_once ? first_ : nullptr, turn_, share_});
}

double TrainingPlan::State::finish() {
  if (started_.empty()) throw Error("training step", "none was started", ErrorKind::failure);
  const Started step = started_.front();
  started_.pop_front();
  finished_ = step.share;
  double loss = step.loss + (step.lane ? step.lane->finish(predictions.data()) : 0.0);
  // Every device has the same penalties: they count once.
  if (!has_penalties_ || (communicator_ && communicator_->rank() > 0)) return loss;
  const Penalties& penalties = penalty_results_[step.penalties];
  penalties.arrived->wait();
  const auto* values = reinterpret_cast<const double*>(penalties.host.data());
  return std::accumulate(values, values + penalties_.size() / sizeof(double), loss);
}

void TrainingPlan::State::run_lane(int number, const TrainingBatch& batch, const RunContext& context,
                                   bool finish_last) {
  TrainingLane& lane = number == 0 ? *first_ : lanes_[static_cast<std::size_t>(number)];
  const std::int64_t samples = lane.samples(), end = share_.first + share_.count;
  TrainingBatch shared = batch;
  shared.count = share_.all;
  double& loss = losses_[static_cast<std::size_t>(number)] = 0;
  lane.begin();
  for (std::int64_t first = share_.first + number * samples; first < end;
       first += threads.count() * samples) {
    lane.start(shared, first, std::min(samples, end - first), context);
    if (finish_last) loss += lane.finish(predictions.data());
  }
}

void TrainingPlan::State::sum_lanes(int lane) {
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
}

void TrainingPlan::State::sum_devices() {
  std::vector<Communicator::Array> gradients;
  for (const DeviceArray& gradient : first_->gradients())
    gradients.push_back({gradient.floats(), static_cast<std::int64_t>(gradient.size() / sizeof(float))});
  communicator_->sum(gradients);
}

void TrainingPlan::State::finish_gradients(int lane) {
  const auto own = static_cast<std::size_t>(lane);
  if (finite_.size() > 0) {
    update_->unscale(slice_parameters_[own], &device_state()->loss_scale,
                     reinterpret_cast<std::int32_t*>(finite_.data()) + own);
  }
  if (has_penalties_) update_->regularize(slice_parameters_[own], of_lane<double>(penalties_, own));
}

void TrainingPlan::State::repeat(RepeatedWork& repeated, const std::function<void()>& work) {
  if (first_ != &lanes_[0]) return work();
  repeated.run(*backend, work);
}

void TrainingPlan::State::clip_by_norm() {
  for (std::size_t lane = 0; lane < slices_.size(); ++lane)
    update_->sum_squares(slice_parameters_[lane], of_lane<double>(square_sums_, lane));
  const int count = parameters.trainable_count();
  if (slices_.size() == 1) {
    return update_->scale_by_norms(options.clipping, of_lane<double>(square_sums_, 0), count,
                                   of_lane<float>(scales_, 0));
  }
  // Lanes are cores: this is the host's memory.
  std::vector<double> sums(static_cast<std::size_t>(count), 0.0);
  std::vector<float> scales(sums.size());
  const auto for_slices = [&](const auto& visit) {
    for (std::size_t lane = 0; lane < slices_.size(); ++lane)
      for (std::size_t i = 0; i < slices_[lane].size(); ++i) visit(lane, i, slices_[lane][i].parameter);
  };
  for_slices([&](std::size_t lane, std::size_t i, std::size_t parameter) {
    sums[parameter] += of_lane<double>(square_sums_, lane)[i];
  });
  update_->scale_by_norms(options.clipping, sums.data(), count, scales.data());
  for_slices([&](std::size_t lane, std::size_t i, std::size_t parameter) {
    of_lane<float>(scales_, lane)[i] = scales[parameter];
  });
}

void TrainingPlan::State::step(int lane) {
  const auto own = static_cast<std::size_t>(lane);
  update_->run(slice_parameters_[own],
               {.state = device_state(),
                .clip_value = options.clipping.value,
                .scales = scales_.size() > 0 ? of_lane<float>(scales_, own) : nullptr});
}

void TrainingPlan::State::update(float learning_rate) {
  std::ranges::rotate(learning_rates_, learning_rates_.begin() + 1);
  std::memcpy(learning_rates_[0].writable(), &learning_rate, sizeof(learning_rate));
  learning_rates_[0].upload();
  repeat(take_step_, [&] {
    if (scales_.size() > 0) clip_by_norm();
    update_->begin_step(device_state(), reinterpret_cast<const std::int32_t*>(finite_.data()),
                        finite_.size() > 0 ? threads.count() : 0);
    threads.run([&](int lane) { step(lane); });
  });
}

StepState TrainingPlan::State::downloaded_state() const {
  StepState state;
  state_.download(reinterpret_cast<std::byte*>(&state));
  return state;
}

OptimizerState TrainingPlan::State::state() const {
  const StepState stands = downloaded_state();
  OptimizerState state = parameters.state(stands.steps);
  if (!stands.loss_scale.is_used()) return state;
  state.loss_scale = stands.loss_scale.factor();
  state.finite_steps = stands.loss_scale.finite_steps();
  return state;
}

void TrainingPlan::State::restore(const Weights& weights, const OptimizerState& state) {
  parameters.restore(weights, state);
  parameters.round(*update_);
  StepState stands = downloaded_state();
  stands.steps = state.step;
  stands.loss_scale.restore(state.loss_scale, state.finite_steps);
  state_.upload(reinterpret_cast<const std::byte*>(&stands));
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
