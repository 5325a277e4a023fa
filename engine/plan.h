#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/backend.h"
#include "engine/profile.h"
#include "engine/weights.h"

namespace petal {

struct CompileOptions {
  std::int64_t batch = 1;
  Precision precision = Precision::f32;
  bool optimize = true;  // run the inference passes (fold, fuse, drop); false keeps the graph node for node
  bool optimize_chains = true;  // let the backend take several nodes at once
  // The host writes 8-bit pixels, whole numbers from 0 to 255, where the backend's memory is apart: a quarter
  // of the bytes go up.
  bool pixels = false;
};

// An immutable executable for inference: primitives made, weights packed, memory laid out. run() allocates
// nothing and creates nothing. Not for two threads at once; as many plans as wanted can be made.
class Plan {
 public:
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  std::int64_t batch() const;
  // One an input of the graph, one an output, with N: float32 whatever the precision, but for f64.
  std::span<const TensorDescription> inputs() const;
  std::span<const TensorDescription> outputs() const;
  // Where a caller writes input `index` of the next run, in the host's memory: inside the plan's arena where
  // that is the host's too, so that nothing is copied. It is another place for every run on a device, and
  // must be written before each.
  std::byte* input(std::size_t index = 0);
  // Whether pixels are written there, and not what `inputs` says.
  bool takes_pixels(std::size_t index = 0) const;
  // Where output `index` of the run finished last is read, in the host's memory; it holds until the next run
  // is begun.
  const std::byte* output(std::size_t index = 0) const;
  // Input `index` lies at `data`, in the host's memory, and is read there (or copied by this call, where that
  // cannot be), never written: what `input` points to is not used until this is called with null.
  void read_input_from(std::size_t index, const std::byte* data);
  void run(const RunContext& context = {});
  // The same in two halves, between which a device works while the host goes on: `start` begins a run,
  // `finish` waits for the first of those that were started and are not finished. Of these there are at most
  // `runs_at_once`.
  void start(const RunContext& context = {});
  void finish();
  int runs_at_once() const;

  void set_profiling(bool on);
  const Profile& profile() const;
  // The arena (values, scratch); packed weights are not in it.
  std::size_t arena_bytes() const;
  // The graph as it runs, after the passes.
  const Graph& graph() const;

 private:
  friend Plan compile(const Graph&, const Weights&, std::shared_ptr<const Backend>, const CompileOptions&);
  struct State;
  explicit Plan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Throws Error where a weight is missing or the backend lacks a kernel, naming the node.
Plan compile(const Graph& graph, const Weights& weights, std::shared_ptr<const Backend> backend,
             const CompileOptions& options);

}  // namespace petal
