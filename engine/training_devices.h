#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/lanes.h"
#include "engine/passes/passes.h"
#include "engine/training_plan.h"

namespace petal {

// What a training plan runs on: the backend, or its replicas, each with its copy of the parameters and of the
// optimiser's state, its share of every batch and a thread of its own. Gradients and batch norms' statistics
// are summed over the devices, so that all of them take the same steps as one device would with whole
// batches.
struct TrainingPlan::Devices {
  Devices(const Network& network, const std::shared_ptr<const Backend>& backend,
          const TrainingOptions& options);
  ~Devices();

  // As TrainingPlan's.
  void start(const TrainingBatch& batch, const RunContext& context);
  double finish();
  void update(float learning_rate);
  Tensor gradient(const std::string& name);
  void store(Weights& weights);
  OptimizerState optimizer_state();
  void restore(const Weights& weights, const OptimizerState& state);
  void set_profiling(bool on);
  Profile profile() const;
  std::size_t arena_bytes() const;  // of all devices
  int count() const { return static_cast<int>(states_.size()); }
  int lanes() const;
  const float* predictions() const;
  State& first() const { return *states_[0]; }

 private:
  // Calls work for every device at once and returns when all have done it. Where one fails the others end
  // too: throws what the first to fail threw.
  void run(const std::function<void(State& state)>& work);
  // Waits until no device works.
  void settle();
  // Memory is taken on a device only where none works: it may wait for all of them.
  void make_lanes(std::int64_t count);
  void gather_predictions();

  std::vector<std::unique_ptr<State>> states_;  // by rank
  std::vector<float> predictions_;              // of several devices
  Lanes threads_;
  std::mutex mutex_;
  std::exception_ptr failure_;  // under the mutex: the first of a run
};

}  // namespace petal
