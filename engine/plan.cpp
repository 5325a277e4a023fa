#include "engine/plan.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "engine/chains.h"
#include "engine/compiled_node.h"
#include "engine/error.h"
#include "engine/executor.h"
#include "engine/input_upload.h"
#include "engine/passes/passes.h"
#include "engine/value_types.h"

namespace petal {

struct Plan::State {
  CompileOptions options;
  Graph graph;
  Executor executor;
  std::vector<TensorDescription> inputs, outputs;
  std::vector<int> input_buffers;
  std::vector<InputUpload> uploads;
  // What a run gives, on its way to the host: runs take these by turns.
  struct Result {
    std::vector<HostMirror> outputs;
    std::shared_ptr<Memory::Mark> arrived;
  };
  std::vector<Result> results;
  std::deque<std::size_t> started;
  std::size_t turn = 0, finished = 0;  // of results
};

namespace {

// Gives every value a buffer, sharing memory where a node only views its input or may write over it.
class BufferAssignment {
 public:
  BufferAssignment(const Graph& graph, const std::vector<DataType>& types, std::int64_t batch,
                   Executor& executor)
      : graph_(graph), types_(types), batch_(batch), executor_(executor), buffers_(graph.nodes().size(), -1) {
    for (const Node& node : graph.nodes()) {
      for (int input : node.inputs) ++uses_[root(input)];
    }
    // An output is read after the last step, so nothing may write over it.
    for (int output : graph.outputs()) ++uses_[root(output)];
  }

  int buffer(int node) const { return buffers_[static_cast<std::size_t>(node)]; }

  // The last node's buffer; what lies between has none.
  void assign_chain(const Chains::Chain& chain) {
    // All reads are at this step: of an input that is the residual too one use is left.
    for (std::size_t i = 1; i < chain.nodes.size(); ++i) --uses_[root(graph_[chain.nodes[i]].inputs[0])];
    const int first = graph_[chain.nodes[0]].inputs[0];
    const int shared = chain.kernel->in_place_input();
    if (chain.inputs.size() > 1 && chain.inputs[1] == first) --uses_[root(first)];
    const int input = shared < 0 ? -1 : chain.inputs[static_cast<std::size_t>(shared)];
    const int last = chain.nodes.back();
    buffers_[static_cast<std::size_t>(last)] =
        input >= 0 && last_use(input) ? buffer(input) : own_buffer(last);
    --uses_[root(chain.inputs.back())];
    if (chain.inputs.size() > 1 && chain.inputs[1] != first) --uses_[root(first)];
  }

  void assign(int index, const Kernel* kernel) {
    const Node& node = graph_[index];
    int& mine = buffers_[static_cast<std::size_t>(index)];
    if (is_view(node)) {
      mine = buffer(node.inputs[0]);
    } else {
      const int shared = kernel == nullptr ? -1 : kernel->in_place_input();
      mine = shared >= 0 && last_use(node.inputs[static_cast<std::size_t>(shared)])
                 ? buffer(node.inputs[static_cast<std::size_t>(shared)])
                 : own_buffer(index);
    }
    // A view hands its input's uses on to its readers, which were counted at the same root.
    for (int input : node.inputs) --uses_[root(input)];
  }

 private:
  int own_buffer(int index) {
    const TensorDescription value{types_[static_cast<std::size_t>(index)],
                                  graph_[index].shape.with_batch(batch_)};
    return executor_.add_buffer(value.bytes());
  }
  int root(int index) const { return is_view(graph_[index]) ? root(graph_[index].inputs[0]) : index; }
  bool last_use(int index) { return uses_[root(index)] == 1; }

  const Graph& graph_;
  const std::vector<DataType>& types_;
  std::int64_t batch_;
  Executor& executor_;
  std::vector<int> buffers_;
  std::unordered_map<int, int> uses_;
};

}  // namespace

Plan::Plan(std::unique_ptr<State> state) : state_(std::move(state)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

Plan compile(const Graph& graph, const Weights& weights, std::shared_ptr<const Backend> backend,
             const CompileOptions& options) {
  if (options.batch < 1) throw Error("batch", std::to_string(options.batch) + " must be 1 or more");
  require_complete(graph, weights);
  const Network given{graph, weights};
  const Network network = options.optimize ? optimize_for_inference(given) : split_activations(given);
  auto state = std::make_unique<Plan::State>(
      Plan::State{options, network.graph, Executor(std::move(backend)), {}, {}, {}, {}, {}, {}});
  Executor& executor = state->executor;
  executor.backend().enter();
  const std::vector<DataType> types = value_types(state->graph, options.precision);
  const auto type = [&](int node) { return types[static_cast<std::size_t>(node)]; };
  BufferAssignment assignment(state->graph, types, options.batch, executor);
  const auto request = [&](int index) {
    const Node& node = state->graph[index];
    NodeRequest one{.graph = state->graph,
                    .node = node,
                    .weights = network.weights,
                    .batch = options.batch,
                    .precision = options.precision,
                    .dst_type = type(index)};
    for (int input : node.inputs) one.src_types.push_back(type(input));
    return one;
  };
  const std::span<const int> outputs = state->graph.outputs();
  Chains chains = options.optimize_chains
                      ? Chains(state->graph, executor.backend(), request, {outputs.begin(), outputs.end()})
                      : Chains(state->graph);
  for (int i = 0; i < static_cast<int>(state->graph.nodes().size()); ++i) {
    const Node& node = state->graph[i];
    if (std::holds_alternative<Input>(node.layer) || is_view(node)) {
      assignment.assign(i, nullptr);
      continue;
    }
    if (chains.is_inside(i)) continue;
    if (Chains::Chain* chain = chains.ending_at(i)) {
      assignment.assign_chain(*chain);
      Operands operands;
      for (int input : chain->inputs) operands.src.push_back(assignment.buffer(input));
      operands.dst = assignment.buffer(i);
      executor.add_step(std::move(chain->kernel), std::move(operands), chain->entry);
      continue;
    }
    std::unique_ptr<Kernel> kernel = prepare_node(executor.backend(), request(i));
    assignment.assign(i, kernel.get());
    Operands operands;
    for (int input : node.inputs) operands.src.push_back(assignment.buffer(input));
    operands.dst = assignment.buffer(i);
    executor.add_step(std::move(kernel), std::move(operands), profile_entry(request(i)));
  }
  for (int input : state->graph.inputs()) {
    executor.hold_from_start(assignment.buffer(input));
    state->input_buffers.push_back(assignment.buffer(input));
    state->inputs.push_back({type(input), state->graph[input].shape.with_batch(options.batch)});
  }
  for (int output : state->graph.outputs()) {
    executor.hold_to_end(assignment.buffer(output));
    state->outputs.push_back({type(output), state->graph[output].shape.with_batch(options.batch)});
  }
  executor.finish(options.batch, "'" + graph.name() + "' for batches of " + std::to_string(options.batch));
  for (std::size_t input = 0; input < state->inputs.size(); ++input) {
    state->uploads.emplace_back(executor.backend(), executor.address(state->input_buffers[input]),
                                state->inputs[input], options.pixels);
  }
  state->results.resize(executor.memory()->is_apart() ? 2 : 1);
  for (Plan::State::Result& result : state->results) {
    result.arrived = executor.memory()->make_mark();
    for (int output : state->graph.outputs())
      result.outputs.push_back(executor.mirror(assignment.buffer(output)));
  }
  return Plan(std::move(state));
}

std::int64_t Plan::batch() const {
  return state_->options.batch;
}
std::span<const TensorDescription> Plan::inputs() const {
  return state_->inputs;
}
std::span<const TensorDescription> Plan::outputs() const {
  return state_->outputs;
}
std::byte* Plan::input(std::size_t index) {
  return state_->uploads.at(index).next();
}
bool Plan::takes_pixels(std::size_t index) const {
  return state_->uploads.at(index).takes_pixels();
}
const std::byte* Plan::output(std::size_t index) const {
  return state_->results[state_->finished].outputs.at(index).data();
}
void Plan::read_input_from(std::size_t index, const std::byte* data) {
  InputUpload& upload = state_->uploads.at(index);
  if (!state_->executor.memory()->is_apart()) {
    // A network that gives its input back, or works on it in place, gives what stands in the plan's memory.
    const bool is_output = std::ranges::any_of(
        state_->results[0].outputs, [&](const HostMirror& o) { return o.data() == upload.next(); });
    if (!is_output) return state_->executor.read_from(state_->input_buffers[index], data);
  }
  if (data) std::memcpy(upload.next(), data, upload.bytes());
}
void Plan::run(const RunContext& context) {
  start(context);
  finish();
}
void Plan::start(const RunContext& context) {
  State& state = *state_;
  if (static_cast<int>(state.started.size()) == runs_at_once())
    throw Error("run", "finish the run before this one first", ErrorKind::failure);
  state.executor.backend().enter();
  for (InputUpload& upload : state.uploads) upload.send();
  state.executor.run(context);
  const State::Result& result = state.results[state.turn];
  for (const HostMirror& output : result.outputs) output.download();
  state.executor.memory()->set(*result.arrived);
  state.started.push_back(state.turn);
  state.turn = (state.turn + 1) % state.results.size();
}
void Plan::finish() {
  State& state = *state_;
  if (state.started.empty()) throw Error("run", "none was started", ErrorKind::failure);
  state.finished = state.started.front();
  state.started.pop_front();
  state.results[state.finished].arrived->wait();
}
int Plan::runs_at_once() const {
  return static_cast<int>(state_->results.size());
}
void Plan::set_profiling(bool on) {
  state_->executor.set_profiling(on);
}
const Profile& Plan::profile() const {
  return state_->executor.profile();
}
std::size_t Plan::arena_bytes() const {
  return state_->executor.arena_bytes();
}
const Graph& Plan::graph() const {
  return state_->graph;
}

}  // namespace petal
