#include "engine/memory_bound.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/plan.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

// The reference's kernels over bounded memory.
class Bounded final : public Backend {
 public:
  explicit Bounded(std::shared_ptr<MemoryBound> bound) : memory_(within(std::move(bound), host_memory())) {}
  std::string name() const override { return "bounded"; }
  int threads() const override { return 1; }
  std::shared_ptr<const Memory> memory() const override { return memory_; }
  Support supports(const Node& node, Precision precision, Direction direction) const override {
    return backend_->supports(node, precision, direction);
  }
  std::unique_ptr<Kernel> prepare(const PrepareContext& context) const override {
    return backend_->prepare(context);
  }
  std::unique_ptr<Kernel> prepare_sum(Precision precision, std::int64_t elements, int terms) const override {
    return backend_->prepare_sum(precision, elements, terms);
  }
  std::unique_ptr<LossKernel> prepare_loss(const Loss& loss, TensorDescription predictions) const override {
    return backend_->prepare_loss(loss, predictions);
  }
  std::unique_ptr<UpdateKernel> prepare_update(const Optimizer& optimizer) const override {
    return backend_->prepare_update(optimizer);
  }

 private:
  std::shared_ptr<const Backend> backend_ = make_reference_backend();
  std::shared_ptr<const Memory> memory_;
};

Graph small_network() {
  GraphBuilder g("small");
  Value x = g.input({6, 6, 2});
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

class Ones : public SampleSource {
 public:
  void write(std::size_t, std::int64_t, std::int64_t count, float* dst) const override {
    std::fill_n(dst, 72 * count, 1.0f);
  }
};

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

constexpr std::size_t plenty = 1 << 30;

}  // namespace

TEST_CASE("memories that share a bound count together, until their blocks are gone") {
  const auto bound = std::make_shared<MemoryBound>(1000);
  const auto one = within(bound, host_memory()), other = within(bound, host_memory());
  std::shared_ptr<std::byte> block = one->allocate(600);
  CHECK(bound->used() == 600);
  CHECK(message_of([&] { other->allocate(401); }) ==
        "--gpu-memory: 401.00 B are needed beside 600.00 B in use, and the bound is 1000.00 B; raise it, or "
        "use "
        "a smaller batch or image size");
  CHECK(bound->used() == 600);
  const std::shared_ptr<std::byte> rest = other->allocate(400);
  CHECK(bound->used() == 1000);
  CHECK(other->allocate_staging(5000) != nullptr);
  block.reset();
  CHECK(bound->used() == 400);
  CHECK_THROWS_AS(one->allocate(~std::size_t{0}), Error);
}

TEST_CASE("a plan that exceeds the bound names itself; one that fits to the byte runs") {
  const Graph graph = small_network();
  const Weights weights = initialize(graph, 1);
  const auto measured = std::make_shared<MemoryBound>(plenty);
  {
    const Plan plan = compile(graph, weights, std::make_shared<Bounded>(measured), {.batch = 4});
    CHECK(measured->used() >= plan.arena_bytes());
    CHECK(plan.arena_bytes() > 0);
  }
  CHECK(measured->used() == 0);
  const std::string message = message_of([&] {
    compile(graph, weights, std::make_shared<Bounded>(std::make_shared<MemoryBound>(100)), {.batch = 4});
  });
  CHECK_MESSAGE(message.starts_with("'small' for batches of 4: --gpu-memory: "), message);
}

TEST_CASE("training needs as much as its plan said, however many steps it takes") {
  const Graph graph = small_network();
  const TrainingOptions options{.batch = 4};
  const Ones ones;
  const std::array<std::int32_t, 4> targets = {0, 1, 2, 1};
  const auto steps = [&](std::size_t bytes, int count) {
    const auto bound = std::make_shared<MemoryBound>(bytes);
    TrainingPlan plan =
        compile_training(graph, initialize(graph, 1), std::make_shared<Bounded>(bound), options);
    const std::size_t used = bound->used();
    for (int step = 0; step < count; ++step) {
      plan.forward_backward({.source = &ones, .count = 4, .targets = targets.data()}, {});
      plan.update(0.01f);
    }
    CHECK(bound->used() == used);
    return used;
  };
  const std::size_t needed = steps(plenty, 2000);
  CHECK(steps(needed, 1) == needed);
  const std::string message = message_of([&] { steps(needed - 1, 1); });
  CHECK_MESSAGE(message.starts_with("training 'small' in batches of 4: --gpu-memory: "), message);
}
