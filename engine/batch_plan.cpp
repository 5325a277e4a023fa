#include "engine/batch_plan.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>

#include "engine/error.h"
#include "engine/lanes.h"
#include "engine/passes/passes.h"
#include "engine/stopwatch.h"

namespace petal {
namespace {

// Micro-batches of 8 stay in cache and lose nothing to short rows; fewer where all lanes would not have one.
std::int64_t chosen_micro_batch(std::int64_t batch, int lanes) {
  return std::clamp<std::int64_t>((batch + lanes - 1) / lanes, 1, 8);
}

// One core's plan, and its time in reading input.
struct Lane {
  Plan plan;
  ProfileEntry input{.name = "input", .kind = "input", .phase = "forward", .implementation = ""};
  ProfileEvent last_input{};
};

}  // namespace

struct BatchPlan::State {
  BatchOptions options;
  std::int64_t micro_batch = 1, row_elements = 0;
  bool profiling = false;
  std::vector<Lane> lanes;
  Lanes threads;
  // A run that was started; of none of its samples, where the lanes are done with it.
  struct Started {
    std::int64_t count;
    float* dst;
  };
  std::deque<Started> started;

  State(const BatchOptions& given, int count) : options(given), threads(count) {}

  void read(Lane& lane, const SampleSource& source, std::int64_t first, std::int64_t count) {
    const double begin = profiling ? steady_seconds() : 0;
    for (std::size_t input = 0; input < lane.plan.inputs().size(); ++input) {
      if (lane.plan.takes_pixels(input)) {
        auto* dst = reinterpret_cast<std::uint8_t*>(lane.plan.input(input));
        source.write_pixels(input, first, count, dst);
        clear_lacking(lane, input, count, dst);
        continue;
      }
      const float* rows = count == micro_batch ? source.rows(input, first, count) : nullptr;
      lane.plan.read_input_from(input, reinterpret_cast<const std::byte*>(rows));
      if (rows) continue;
      auto* dst = reinterpret_cast<float*>(lane.plan.input(input));
      source.write(input, first, count, dst);
      clear_lacking(lane, input, count, dst);
    }
    if (!profiling) return;
    const double end = steady_seconds();
    lane.input.seconds += end - begin;
    ++lane.input.runs;
    lane.last_input = {.entry = 0, .lane = 0, .begin = begin, .end = end};
  }

  // Samples that are lacking are zeros: any numbers would do, but none that compute slowly.
  template <class Number>
  void clear_lacking(const Lane& lane, std::size_t input, std::int64_t count, Number* dst) const {
    const std::int64_t elements = lane.plan.inputs()[input].shape.without_batch().elements();
    std::fill(dst + count * elements, dst + micro_batch * elements, Number{});
  }

  void write(const Lane& lane, std::int64_t count, float* dst) const {
    for (std::int64_t sample = 0; sample < count; ++sample) {
      for (std::size_t output = 0; output < lane.plan.outputs().size(); ++output) {
        const std::int64_t elements = lane.plan.outputs()[output].shape.without_batch().elements();
        const auto* src = reinterpret_cast<const float*>(lane.plan.output(output)) + sample * elements;
        dst = std::copy_n(src, elements, dst);
      }
    }
  }
};

BatchPlan::BatchPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
BatchPlan::BatchPlan(BatchPlan&&) noexcept = default;
BatchPlan& BatchPlan::operator=(BatchPlan&&) noexcept = default;
BatchPlan::~BatchPlan() = default;

BatchPlan compile_batch(const Graph& graph, const Weights& weights, std::shared_ptr<const Backend> backend,
                        const BatchOptions& options) {
  if (options.batch < 1) throw Error("batch", std::to_string(options.batch) + " must be 1 or more");
  require_complete(graph, weights);
  // The passes once, for all lanes.
  Network network{graph, weights};
  if (options.optimize) network = optimize_for_inference(network);
  const bool by_core = backend->for_one_core() != nullptr;
  const std::int64_t wanted = options.micro_batch > 0 ? options.micro_batch
                              : by_core               ? chosen_micro_batch(options.batch, backend->threads())
                                                      : options.batch;
  const std::int64_t micro_batch = std::min(wanted, options.batch);
  const std::int64_t pieces = (options.batch + micro_batch - 1) / micro_batch;
  const int lanes = by_core ? static_cast<int>(std::min<std::int64_t>(backend->threads(), pieces)) : 1;
  auto state = std::make_unique<BatchPlan::State>(options, lanes);
  state->micro_batch = micro_batch;
  for (int lane = 0; lane < lanes; ++lane) {
    const std::shared_ptr<const Backend> core = by_core ? backend->for_one_core() : backend;
    state->lanes.push_back({compile(network.graph, network.weights, core,
                                    {.batch = micro_batch,
                                     .precision = options.precision,
                                     .optimize = false,
                                     .pixels = options.pixels})});
  }
  for (const TensorDescription& output : state->lanes[0].plan.outputs())
    state->row_elements += output.shape.without_batch().elements();
  return BatchPlan(std::move(state));
}

void BatchPlan::run(const SampleSource& source, std::int64_t count, float* dst, const RunContext& context) {
  start(source, count, dst, context);
  finish();
}

void BatchPlan::start(const SampleSource& source, std::int64_t count, float* dst, const RunContext& context) {
  State& state = *state_;
  if (count < 1 || count > state.options.batch) {
    throw Error(
        "batch",
        std::to_string(count) + " samples were given to a plan of " + std::to_string(state.options.batch),
        ErrorKind::failure);
  }
  if (static_cast<int>(state.started.size()) == runs_at_once())
    throw Error("batch", "finish the run before this one first", ErrorKind::failure);
  if (runs_at_once() > 1) {
    state.read(state.lanes[0], source, 0, count);
    state.lanes[0].plan.start(context);
    state.started.push_back({count, dst});
    return;
  }
  std::atomic<std::int64_t> next = 0;
  state.threads.run([&](int index) {
    Lane& lane = state.lanes[static_cast<std::size_t>(index)];
    for (std::int64_t first = state.micro_batch * next++; first < count; first = state.micro_batch * next++) {
      const std::int64_t samples = std::min(state.micro_batch, count - first);
      state.read(lane, source, first, samples);
      lane.plan.run(context);
      state.write(lane, samples, dst + first * state.row_elements);
    }
  });
  state.started.push_back({0, dst});
}

void BatchPlan::finish() {
  State& state = *state_;
  if (state.started.empty()) throw Error("batch", "none was started", ErrorKind::failure);
  const auto [count, dst] = state.started.front();
  state.started.pop_front();
  if (count == 0) return;
  state.lanes[0].plan.finish();
  state.write(state.lanes[0], count, dst);
}

// On a device, where one run takes the whole batch.
int BatchPlan::runs_at_once() const {
  const State& state = *state_;
  return state.lanes.size() == 1 && state.micro_batch == state.options.batch
             ? state.lanes[0].plan.runs_at_once()
             : 1;
}

std::int64_t BatchPlan::batch() const {
  return state_->options.batch;
}
std::int64_t BatchPlan::row_elements() const {
  return state_->row_elements;
}
int BatchPlan::lanes() const {
  return state_->threads.count();
}
std::int64_t BatchPlan::micro_batch() const {
  return state_->micro_batch;
}

void BatchPlan::set_profiling(bool on) {
  state_->profiling = on;
  for (Lane& lane : state_->lanes) lane.plan.set_profiling(on);
}

Profile BatchPlan::profile() const {
  Profile sum;
  for (std::size_t index = 0; index < state_->lanes.size(); ++index) {
    const Lane& lane = state_->lanes[index];
    Profile own = lane.plan.profile();
    own.entries.push_back(lane.input);
    own.seconds += lane.input.seconds;
    ProfileEvent input = lane.last_input;
    input.entry = static_cast<int>(own.entries.size()) - 1;
    // A lane that found no work has no events.
    if (lane.input.runs > 0) own.events.insert(own.events.begin(), input);
    if (index == 0)
      sum = std::move(own);
    else
      add_lane(sum, own, static_cast<int>(index));
  }
  return sum;
}

std::size_t BatchPlan::arena_bytes() const {
  std::size_t bytes = 0;
  for (const Lane& lane : state_->lanes) bytes += lane.plan.arena_bytes();
  return bytes;
}
const Graph& BatchPlan::graph() const {
  return state_->lanes[0].plan.graph();
}

}  // namespace petal
