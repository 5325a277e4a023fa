#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/batch_share.h"
#include "engine/lanes.h"
#include "engine/repeated_work.h"
#include "engine/step_state.h"
#include "engine/training_lane.h"

namespace petal {

// A device of a training plan: lanes over shared parameters. A replica takes its share of every batch, sums
// its gradients with the others' and takes the step that all of them take.
struct TrainingPlan::State {
  State(const Network& given, std::shared_ptr<const Backend> backend, const TrainingOptions& options);

  void start(const TrainingBatch& batch, const RunContext& context);
  // The device's share of the loss.
  double finish();
  // Of the step finished last: which rows of `predictions` are the device's.
  const BatchShare& finished() const { return finished_; }
  // Whether a batch of `count` samples starts without memory being taken for it; takes that memory.
  bool has_lane_for(std::int64_t count) const;
  void make_lane_for(std::int64_t count) { lane_for(batch_share(count, communicator_)); }
  int steps_at_once() const;
  void update(float learning_rate);
  OptimizerState state() const;
  void restore(const Weights& weights, const OptimizerState& state);
  Tensor gradient(const std::string& name) const;
  void set_profiling(bool on);
  Profile profile() const;
  std::size_t arena_bytes() const;

  TrainingOptions options;  // its batch is that of all devices
  std::shared_ptr<const Backend> backend;
  TrainingNetwork network;
  ParameterStore parameters;
  std::vector<TensorDescription> inputs{};
  std::vector<float> predictions{};
  std::int64_t micro_batch = 0;
  Lanes threads;

 private:
  // A lane's range of one parameter's arrays: it sums the lanes' gradients there and updates it.
  struct Slice {
    std::size_t parameter;
    std::int64_t first, elements;
  };

  TrainingLane make_lane(std::int64_t samples, std::int64_t runs) const;
  void slice_parameters();
  // Makes what state_ to penalty_results_ name.
  void make_step_numbers();
  bool takes_short_lane(const BatchShare& share) const;
  // The one lane for it, or the first of several.
  TrainingLane& lane_for(const BatchShare& share);
  // A lane's samples of the batch; `finish_last`: all of them are finished too. Assigns its loss.
  void run_lane(int lane, const TrainingBatch& batch, const RunContext& context, bool finish_last);
  // Sums the gradients of all lanes into the first lane's; by lane, its slices.
  void sum_lanes(int lane);
  // Then the first lane's of all devices.
  void sum_devices();
  // What comes behind: the loss's factor is taken out, and the regularisers' gradients are added.
  void finish_gradients(int lane);
  void clip_by_norm();
  void step(int lane);
  // Work that asks the same of a device in every step; not so where a short batch has a lane of its own.
  void repeat(RepeatedWork& repeated, const std::function<void()>& work);
  // In the backend's memory.
  StepState* device_state() const { return reinterpret_cast<StepState*>(state_.data()); }
  StepState downloaded_state() const;
  template <class T>
  T* of_lane(const DeviceArray& numbers, std::size_t lane) const {
    return reinterpret_cast<T*>(numbers.data()) +
           lane * static_cast<std::size_t>(parameters.trainable_count());
  }

  const Communicator* communicator_;  // null: no other device trains with this one
  std::int64_t own_batch_;            // this device's samples of a whole batch
  bool whole_batch_;                  // a batch norm learns: one lane, and for a short batch one of its own
  std::vector<TrainingLane> lanes_;
  std::map<std::int64_t, TrainingLane> short_lanes_;
  TrainingLane* first_ = nullptr;  // holds the gradient of the last batch
  BatchShare share_;               // of the last batch
  std::shared_ptr<const UpdateKernel> update_;
  std::vector<std::vector<Slice>> slices_;                              // by lane
  std::vector<std::vector<UpdateKernel::Parameter>> slice_parameters_;  // likewise
  std::vector<double> losses_;                                          // likewise
  // In the backend's memory: where the optimiser stands, and its rate on its way there; flags of unscale, by
  // lane; and by lane and slice penalties, sums of squares and what clipping makes of these.
  DeviceArray state_, finite_, penalties_, square_sums_, scales_;
  // Steps take them by turns: what the last one wrote goes up behind that step's kernels.
  std::array<HostMirror, TrainingLane::runs_at_once> learning_rates_;
  bool has_penalties_ = false;
  RepeatedWork finish_gradients_, take_step_;
  // Penalties on their way to the host: steps take them by turns.
  struct Penalties {
    HostMirror host;
    std::shared_ptr<Memory::Mark> arrived;
  };
  std::vector<Penalties> penalty_results_;
  std::size_t turn_ = 0;
  // A step that was started: its loss, but for penalties and what a lane has not finished.
  struct Started {
    double loss;
    TrainingLane* lane;  // null: all is finished
    std::size_t penalties;
    BatchShare share;
  };
  std::deque<Started> started_;
  BatchShare finished_;
  bool profiling_ = false;
};

}  // namespace petal
