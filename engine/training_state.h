#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/lanes.h"
#include "engine/loss_scale.h"
#include "engine/training_lane.h"

namespace petal {

// The inside of a training plan: lanes over shared parameters.
struct TrainingPlan::State {
  State(const Network& given, std::shared_ptr<const Backend> backend, const TrainingOptions& options);

  void start(const TrainingBatch& batch, const RunContext& context);
  double finish();
  int steps_at_once() const;
  void update(float learning_rate);
  OptimizerState state() const;
  void restore(const Weights& weights, const OptimizerState& state);
  Tensor gradient(const std::string& name) const;
  void set_profiling(bool on);
  Profile profile() const;
  std::size_t arena_bytes() const;

  TrainingOptions options;
  std::shared_ptr<const Backend> backend;
  TrainingNetwork network;
  ParameterStore parameters;
  std::vector<TensorDescription> inputs{};
  std::vector<float> predictions{};
  std::int64_t updates = 0;
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
  TrainingLane& whole_batch_lane(std::int64_t count);
  // A lane's samples of the batch; `finish_last`: all of them are finished too. Assigns its loss.
  void run_lane(int lane, const TrainingBatch& batch, const RunContext& context, bool finish_last);
  // Sums the gradients of all lanes, and the regularisers', into the first lane's; by lane, its slices.
  void reduce(int lane);
  std::vector<float> clipping_scales();

  bool whole_batch_;  // a batch norm learns: one lane, and for a short batch one of its own
  std::vector<TrainingLane> lanes_;
  std::map<std::int64_t, TrainingLane> short_lanes_;
  TrainingLane* first_ = nullptr;  // holds the gradient of the last batch
  std::shared_ptr<const UpdateKernel> update_;
  std::vector<std::vector<Slice>> slices_;                              // by lane
  std::vector<std::vector<UpdateKernel::Parameter>> slice_parameters_;  // likewise
  std::vector<double> losses_, penalties_;                              // likewise
  // A step that was started: its loss, but for what a lane has not finished.
  struct Started {
    double loss;
    TrainingLane* lane;  // null: all is finished
  };
  std::deque<Started> started_;
  LossScale scale_;
  std::vector<char> finite_;  // by lane, whether the gradients of its slices are
  bool profiling_ = false;
};

}  // namespace petal
