#include "engine/executor.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/memory_planner.h"
#include "engine/stopwatch.h"

namespace petal {
namespace {

// Every buffer number that a step touches.
std::vector<int> touched(const Operands& operands) {
  std::vector<int> buffers = operands.src;
  buffers.insert(buffers.end(), operands.diff_src.begin(), operands.diff_src.end());
  for (int buffer : {operands.dst, operands.diff_dst, operands.workspace}) buffers.push_back(buffer);
  std::erase(buffers, -1);
  return buffers;
}

}  // namespace

int Executor::add_buffer(std::size_t bytes) {
  buffers_.push_back({.bytes = bytes});
  return static_cast<int>(buffers_.size()) - 1;
}

void Executor::hold_from_start(int buffer) {
  buffers_[static_cast<std::size_t>(buffer)].from_start = true;
}

void Executor::hold_to_end(int buffer) {
  buffers_[static_cast<std::size_t>(buffer)].to_end = true;
}

void Executor::add_step(std::unique_ptr<Kernel> kernel, Operands operands, ProfileEntry entry) {
  entry.implementation = kernel->implementation();
  profile_.entries.push_back(std::move(entry));
  steps_.push_back(std::make_unique<Step>());
  steps_.back()->kernel = std::move(kernel);
  steps_.back()->operands = std::move(operands);
}

void Executor::finish(std::int64_t samples, const std::string& what) {
  std::vector<Lifetime> lifetimes;
  const int end = step_count();
  for (const DeclaredBuffer& buffer : buffers_) {
    lifetimes.push_back({buffer.bytes, buffer.from_start ? 0 : end, buffer.to_end ? end : 0});
  }
  std::size_t scratch_bytes = 0;
  for (int i = 0; i < end; ++i) {
    const Step& step = *steps_[static_cast<std::size_t>(i)];
    scratch_bytes = std::max(scratch_bytes, step.kernel->scratch_bytes());
    for (int buffer : touched(step.operands)) {
      Lifetime& lifetime = lifetimes[static_cast<std::size_t>(buffer)];
      lifetime.first = std::min(lifetime.first, i);
      lifetime.last = std::max(lifetime.last, i);
    }
  }
  // The one scratch area lives throughout; being planned with the rest it needs no second allocation.
  lifetimes.push_back({scratch_bytes, 0, end});
  // What is apart is a GPU's, whose libraries want their workspaces as it aligns its allocations.
  const MemoryPlan memory = plan_memory(lifetimes, memory_->is_apart() ? 256 : Buffer::alignment);
  allocate(memory.bytes, what);
  offsets_ = memory.offsets;
  context_ = UploadedContext(memory_, samples);
  for (auto& step : steps_) bind(*step, arena_.data() + offsets_.back());
}

// Filled with zeros, it is touched once here, so that the first run pays no page faults.
void Executor::allocate(std::size_t bytes, const std::string& what) {
  try {
    arena_ = DeviceArray(memory_, bytes);
  } catch (const Error& error) {
    throw Error(what, error.what(), error.kind());
  }
}

std::byte* Executor::address(int buffer) const {
  return buffer < 0 ? nullptr : arena_.data() + offsets_[static_cast<std::size_t>(buffer)];
}

HostMirror Executor::mirror(int buffer) const {
  return {memory_, address(buffer), buffers_[static_cast<std::size_t>(buffer)].bytes};
}

void Executor::read_from(int buffer, const std::byte* data) {
  for (auto& step : steps_) {
    const std::vector<int>& src = step->operands.src;
    for (std::size_t i = 0; i < src.size(); ++i) {
      if (src[i] == buffer) step->src[i] = data ? data : address(buffer);
    }
    // Written in place: the steps behind this one read its result.
    if (step->operands.dst == buffer) return;
  }
}

void Executor::bind(Step& step, std::byte* scratch) {
  Operands& operands = step.operands;
  for (int buffer : operands.src) step.src.push_back(address(buffer));
  for (int buffer : operands.diff_src) step.diff_src.push_back(address(buffer));
  step.bindings = {.src = step.src,
                   .weights = operands.weights,
                   .dst = address(operands.dst),
                   .diff_dst = address(operands.diff_dst),
                   .diff_src = step.diff_src,
                   .diff_weights = operands.diff_weights,
                   .statistics = operands.statistics,
                   .workspace = address(operands.workspace),
                   .scratch = scratch,
                   .context = nullptr};
}

void Executor::run(const RunContext& given) {
  backend_->enter();
  const RunContext context = context_.upload(given);
  for (auto& step : steps_) step->kernel->begin_run(context);
  if (profiling_) return run_profiled(context);
  repeated_.run(*backend_, [&] {
    for (auto& step : steps_) run_step(*step, context);
  });
}

void Executor::run_step(Step& step, const RunContext& context) {
  step.bindings.context = &context;
  step.kernel->run(step.bindings);
}

// Times are the device's own: the host waits for none of the steps.
void Executor::run_profiled(const RunContext& context) {
  while (marks_.size() <= steps_.size()) marks_.push_back(memory_->make_mark(true));
  profile_.events.resize(steps_.size());
  memory_->wait();
  const double start = steady_seconds();
  memory_->set(*marks_[0]);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    run_step(*steps_[i], context);
    memory_->set(*marks_[i + 1]);
  }
  memory_->wait();
  double begin = start;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const double end = begin + memory_->seconds_between(*marks_[i], *marks_[i + 1]);
    profile_.events[i] = {.entry = static_cast<int>(i), .lane = 0, .begin = begin, .end = end};
    profile_.entries[i].seconds += end - begin;
    ++profile_.entries[i].runs;
    begin = end;
  }
  profile_.seconds += begin - start;
  ++profile_.runs;
}

}  // namespace petal
