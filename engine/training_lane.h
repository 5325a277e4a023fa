#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/input_upload.h"
#include "engine/training_steps.h"

namespace petal {

// One core's part of a training step: it takes a few samples of the batch at a time through forward, loss and
// backward, in an arena that holds no more than these, and adds up their gradients.
class TrainingLane {
 public:
  // `samples`: how many it takes at a time; `runs`: how often it runs for a batch at most. `update` sums
  // their gradients, which are multiplied by the factor of `scale`, in the backend's memory. The rest must
  // outlive the lane.
  TrainingLane(const TrainingNetwork& network, const TrainingOptions& options, std::int64_t samples,
               std::int64_t runs, std::shared_ptr<const Backend> backend, ParameterStore& parameters,
               std::shared_ptr<const UpdateKernel> update, const LossScale* scale);

  // As many runs may be started and not finished: 1 where the memory is the host's.
  static constexpr std::size_t runs_at_once = 2;

  // Forgets the last batch's gradients.
  void begin() { runs_ = 0; }
  // Samples [first, first + count) of the batch, at most `samples`. On a device they may be under way still
  // when this returns.
  void start(const TrainingBatch& batch, std::int64_t first, std::int64_t count, const RunContext& context);
  // Waits for the first run that was started and is not finished. `predictions` (batch, C) receives those of
  // its samples. Returns its share of the batch's mean loss.
  double finish(float* predictions);
  std::int64_t samples() const { return samples_; }
  // Since begin: whether anything ran, and the sums of the gradients, by the parameter's number.
  bool ran() const { return runs_ > 0; }
  std::span<const DeviceArray> gradients() const { return sums_.empty() ? fresh_ : sums_; }

  void set_profiling(bool on);
  const Profile& profile() const { return executor_->profile(); }
  std::size_t arena_bytes() const { return executor_->arena_bytes(); }

 private:
  void read_inputs(const TrainingBatch& batch, std::int64_t first, std::int64_t count);

  std::int64_t samples_;
  std::shared_ptr<const UpdateKernel> update_;
  std::unique_ptr<Executor> executor_;
  std::vector<DeviceArray> fresh_;         // what backward assigns
  std::vector<DeviceArray> sums_;          // empty where one run gives the whole
  std::vector<UpdateKernel::Part> parts_;  // likewise
  LossArguments arguments_;
  // What a run gives, on its way to the host.
  struct Result {
    HostMirror predictions, losses;
    std::shared_ptr<Memory::Mark> arrived;
    std::int64_t first = 0, count = 0;
  };
  std::vector<InputUpload> inputs_;
  std::vector<std::uint32_t> sample_ids_;
  std::vector<Result> results_;  // runs take them by turns
  std::deque<std::size_t> started_;
  std::size_t turn_ = 0;
  std::size_t classes_ = 0;
  std::int64_t runs_ = 0;
  bool profiling_ = false;
};

}  // namespace petal
