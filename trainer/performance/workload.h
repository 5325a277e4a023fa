#pragma once

#include <memory>

#include "engine/profile.h"
#include "trainer/performance/benchmark.h"

namespace petal {

// The network of a case, with numbers.
struct WorkloadModel {
  Network network;
  Shape input;  // (H, W, 3)
  std::int64_t parameters = 0;
};
// Throws Error as open_model and training_graph; Error(--mode) where a model file is to be trained.
WorkloadModel open_workload(const BenchmarkCase& what);

// Something that is done again and again on the same photos in memory: a batch's inference, or a training
// step.
class Workload {
 public:
  virtual ~Workload() = default;
  virtual void run() = 0;
  virtual int devices() const { return 1; }
  virtual int lanes() const = 0;
  virtual std::int64_t micro_batch() const = 0;
  virtual void set_profiling(bool on) = 0;
  virtual Profile profile() const = 0;
  // The graph as it runs, after the passes.
  virtual const Graph& graph() const = 0;
  // Floating-point, forward and backward.
  double operations_per_photo() const;
};
std::unique_ptr<Workload> compile_workload(const WorkloadModel& model, const BenchmarkCase& what,
                                           const BackendFactory& backends);

}  // namespace petal
