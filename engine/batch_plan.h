#pragma once

#include <memory>

#include "engine/plan.h"
#include "engine/sample_source.h"

namespace petal {

struct BatchOptions {
  std::int64_t batch = 32;
  Precision precision = Precision::f32;
  // Samples that a core takes through the whole network at a time; 0: chosen so that all cores have work and
  // their values stay in cache.
  std::int64_t micro_batch = 0;
  bool optimize = true;  // as in CompileOptions
  bool pixels = false;   // the samples are 8-bit pixels (SampleSource::write_pixels), and go up as such
};

// An executable for inference on many samples: for throughput, where Plan on a backend of many threads is for
// latency. Where the backend has a form for one core, every core is a lane of its own that takes
// micro-batches through the whole network, with no barrier between layers; else the batch runs whole. Not for
// two threads at once.
class BatchPlan {
 public:
  BatchPlan(BatchPlan&&) noexcept;
  BatchPlan& operator=(BatchPlan&&) noexcept;
  ~BatchPlan();

  std::int64_t batch() const;
  // Elements of one sample's row: of all outputs, one behind the other.
  std::int64_t row_elements() const;
  // Computes `count` samples, at most the batch, and assigns their rows, float32, to dst (count,
  // row_elements). Which samples go together depends on `count` alone. Throws what the source throws.
  void run(const SampleSource& source, std::int64_t count, float* dst, const RunContext& context = {});
  // The same in two halves, between which a device works while the host goes on: `start` reads the samples,
  // `finish` waits for the first of the runs that were started and are not finished, and assigns its dst. Of
  // these there are at most `runs_at_once`.
  void start(const SampleSource& source, std::int64_t count, float* dst, const RunContext& context = {});
  void finish();
  int runs_at_once() const;

  int lanes() const;
  std::int64_t micro_batch() const;
  void set_profiling(bool on);
  // Summed over the lanes. The entry of kind "input" is the time in SampleSource::write.
  Profile profile() const;
  std::size_t arena_bytes() const;
  // The graph as it runs, after the passes.
  const Graph& graph() const;

 private:
  friend BatchPlan compile_batch(const Graph&, const Weights&, std::shared_ptr<const Backend>,
                                 const BatchOptions&);
  struct State;
  explicit BatchPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Throws Error as compile.
BatchPlan compile_batch(const Graph& graph, const Weights& weights, std::shared_ptr<const Backend> backend,
                        const BatchOptions& options);

}  // namespace petal
