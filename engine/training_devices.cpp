#include "engine/training_devices.h"

#include <algorithm>
#include <numeric>

#include "engine/error.h"
#include "engine/training_state.h"

namespace petal {
namespace {

std::vector<std::shared_ptr<const Backend>> devices_of(const std::shared_ptr<const Backend>& backend,
                                                       std::int64_t batch) {
  std::vector<std::shared_ptr<const Backend>> devices = backend->make_replicas();
  if (devices.empty()) return {backend};
  if (batch < static_cast<std::int64_t>(devices.size())) {
    throw Error("--batch-size", std::to_string(batch) + " photos a step do not go round " +
                                    std::to_string(devices.size()) +
                                    " devices; give more, or train on fewer devices");
  }
  return devices;
}

int rank_of(const Backend& backend) {
  return backend.communicator() == nullptr ? 0 : backend.communicator()->rank();
}

}  // namespace

TrainingPlan::Devices::Devices(const Network& network, const std::shared_ptr<const Backend>& backend,
                               const TrainingOptions& options)
    : states_([&] {
        std::vector<std::unique_ptr<State>> states;
        for (const auto& device : devices_of(backend, options.batch)) {
          device->enter();
          states.push_back(std::make_unique<State>(network, device, options));
        }
        return states;
      }()),
      threads_(static_cast<int>(states_.size())) {
  if (states_.size() > 1) predictions_.assign(first().predictions.size(), 0.0f);
}

// What is under way may want the other devices still.
TrainingPlan::Devices::~Devices() {
  if (states_.size() == 1) return;
  try {
    settle();
  } catch (const std::exception&) {
  }
}

void TrainingPlan::Devices::run(const std::function<void(State& state)>& work) {
  if (states_.size() == 1) return work(first());
  failure_ = nullptr;
  threads_.run([&](int device) {
    State& state = *states_[static_cast<std::size_t>(device)];
    try {
      state.backend->enter();
      work(state);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failure_) return;
      failure_ = std::current_exception();
      state.backend->communicator()->abort();
    }
  });
  if (failure_) std::rethrow_exception(failure_);
}

void TrainingPlan::Devices::settle() {
  run([](State& state) { state.backend->memory()->wait(); });
}

void TrainingPlan::Devices::make_lanes(std::int64_t count) {
  if (states_.size() == 1) return;
  if (std::ranges::all_of(states_, [&](const auto& state) { return state->has_lane_for(count); })) return;
  settle();
  for (const auto& state : states_) {
    state->backend->enter();
    state->make_lane_for(count);
  }
  settle();
}

void TrainingPlan::Devices::start(const TrainingBatch& batch, const RunContext& context) {
  make_lanes(batch.count);
  run([&](State& state) { state.start(batch, context); });
}

double TrainingPlan::Devices::finish() {
  std::vector<double> losses(states_.size(), 0.0);
  run([&](State& state) { losses[static_cast<std::size_t>(rank_of(*state.backend))] = state.finish(); });
  if (states_.size() == 1) return losses[0];
  gather_predictions();
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

void TrainingPlan::Devices::gather_predictions() {
  const std::size_t classes = predictions_.size() / static_cast<std::size_t>(first().options.batch);
  for (const auto& state : states_) {
    const auto begin = static_cast<std::size_t>(state->finished().first) * classes;
    std::copy_n(state->predictions.begin() + static_cast<std::ptrdiff_t>(begin),
                static_cast<std::size_t>(state->finished().count) * classes,
                predictions_.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

const float* TrainingPlan::Devices::predictions() const {
  return states_.size() == 1 ? first().predictions.data() : predictions_.data();
}

void TrainingPlan::Devices::update(float learning_rate) {
  run([&](State& state) { state.update(learning_rate); });
}

Tensor TrainingPlan::Devices::gradient(const std::string& name) {
  settle();
  return first().gradient(name);
}

void TrainingPlan::Devices::store(Weights& weights) {
  settle();
  first().parameters.store(weights);
}

OptimizerState TrainingPlan::Devices::optimizer_state() {
  settle();
  return first().state();
}

void TrainingPlan::Devices::restore(const Weights& weights, const OptimizerState& state) {
  settle();
  for (const auto& device : states_) {
    device->backend->enter();
    device->restore(weights, state);
  }
}

void TrainingPlan::Devices::set_profiling(bool on) {
  for (const auto& state : states_) state->set_profiling(on);
}

int TrainingPlan::Devices::lanes() const {
  return states_.size() == 1 ? first().threads.count() : count();
}

Profile TrainingPlan::Devices::profile() const {
  Profile sum = first().profile();
  for (std::size_t device = 1; device < states_.size(); ++device)
    add_lane(sum, states_[device]->profile(), static_cast<int>(device));
  return sum;
}

std::size_t TrainingPlan::Devices::arena_bytes() const {
  std::size_t bytes = 0;
  for (const auto& state : states_) bytes += state->arena_bytes();
  return bytes;
}

}  // namespace petal
