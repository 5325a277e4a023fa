#include "bench/case_suite.h"

namespace petal::bench {
namespace {

double bytes_of(const testing::Case& item, Precision precision) {
  const auto size = static_cast<double>(size_of(data_type(precision)));
  std::int64_t pixels = 0, weights = 0;
  for (const Shape& shape : testing::inputs_of(item)) pixels += shape.elements();
  for (const WeightDeclaration& weight : testing::weights_of(item)) weights += weight.shape.elements();
  const auto batch = static_cast<double>(item.batch);
  const double src = static_cast<double>(pixels) * batch * (item.pixels ? 1 : size);
  const double dst = static_cast<double>(testing::node_of(item).shape.elements()) * batch * size;
  return src + dst + static_cast<double>(weights) * size;
}

}  // namespace

CaseSuite::CaseSuite(std::shared_ptr<const Backend> backend, Precision precision)
    : backend_(std::move(backend)), precision_(precision) {}

bool CaseSuite::add(const std::string& name, const testing::Case& item, Direction direction) {
  const Node node = testing::node_of(item);
  for (const Direction needed : {Direction::forward, direction}) {
    const Support support = backend_->supports(node, precision_, needed);
    if (support.supported) continue;
    ++left_out_[support.reason];
    return false;
  }
  const Entry& entry = entries_.emplace_back(
      Entry{item, direction, static_cast<double>(operations(item.layer, item.src) * item.batch),
            bytes_of(item, precision_)});
  benchmark::RegisterBenchmark(name.c_str(), [this, &entry](benchmark::State& state) { run(state, entry); })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
  return true;
}

testing::BoundCase& CaseSuite::bind(const Entry& entry) {
  if (bound_to_ == &entry) return *bound_;
  bound_to_ = nullptr;
  bound_.reset();  // before the next one takes its memory
  const bool forward = entry.direction == Direction::forward;
  const Mode mode = forward ? entry.item.mode : Mode::training;
  bound_ =
      std::make_unique<testing::BoundCase>(*backend_, entry.item, precision_, mode, mode == Mode::inference,
                                           testing::make_numbers(entry.item, precision_));
  // Backward reads what forward leaves; and nobody's first run is timed.
  backend_->enter();
  for (const Direction direction : {Direction::forward, entry.direction}) {
    Kernel& kernel = bound_->kernel(direction);
    bound_->run(kernel, bound_->bindings(direction));
  }
  bound_to_ = &entry;
  return *bound_;
}

void CaseSuite::run(benchmark::State& state, const Entry& entry) {
  testing::BoundCase& bound = bind(entry);
  Kernel& kernel = bound.kernel(entry.direction);
  const Bindings bindings = bound.bindings(entry.direction);
  backend_->enter();
  const std::shared_ptr<const Memory> memory = backend_->memory();
  for ([[maybe_unused]] auto _ : state) {
    kernel.run(bindings);
    memory->wait();
  }
  using benchmark::Counter;
  state.counters["FLOP"] = Counter(entry.operations, Counter::kIsIterationInvariantRate);
  state.counters["bytes"] = Counter(entry.bytes, Counter::kIsIterationInvariantRate);
  state.SetLabel(kernel.implementation());
}

}  // namespace petal::bench
