#include "engine/training_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"
#include "engine/loss_scale.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

// Two dense layers of which the first's value is read three times: its gradients meet.
Graph branching_network() {
  GraphBuilder g("branching");
  Value x = g.input({4});
  x = g.add("hidden", Dense{.units = 6, .activation = ActivationFunction::sigmoid}, x);
  Value y = g.add("inner", Dense{.units = 6}, x);
  y = g.add("relu", Activation{ActivationFunction::relu}, y);
  x = g.add("sum", Add{}, {x, y, x});
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

constexpr std::array<std::int32_t, 5> targets = {2, 0, 1, 1, 0};

// Five samples of four numbers in [-1, 1).
class FiveSamples : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    for (std::int64_t i = 0; i < 4 * count; ++i) {
      dst[i] = random.uniform(static_cast<std::uint32_t>(4 * first + i)) * 2 - 1;
    }
  }
};

double run(TrainingPlan& plan, std::span<const float> sample_weights = {}, std::int64_t count = 5) {
  static const FiveSamples source;
  return plan.forward_backward({&source, count, targets.data(), sample_weights}, {});
}

TrainingPlan make_plan(const Graph& graph, const Weights& weights, const Optimizer& optimizer = SGD{}) {
  return compile_training(graph, weights, make_reference_backend(), {.batch = 5, .optimizer = optimizer});
}

double loss_with(const Graph& graph, const Weights& weights, std::span<const float> sample_weights) {
  TrainingPlan plan = make_plan(graph, weights);
  return run(plan, sample_weights);
}

}  // namespace

TEST_CASE("gradients agree with finite differences, also where several meet and samples are weighted") {
  const Graph graph = branching_network();
  Weights weights = initialize(graph, 4);
  const std::array<float, 5> sample_weights = {1.0f, 0.5f, 2.0f, 0.0f, 1.5f};
  TrainingPlan plan = make_plan(graph, weights);
  run(plan, sample_weights);
  for (const std::string name :
       {"hidden/kernel", "hidden/bias", "inner/kernel", "predictions/kernel", "predictions/bias"}) {
    const Tensor gradient = plan.gradient(name);
    for (std::size_t i = 0; i < gradient.values().size(); i += 2) {
      const float step = 1e-2f;
      const float value = weights.at(name).values()[i];
      weights.edit(name).values()[i] = value + step;
      const double above = loss_with(graph, weights, sample_weights);
      weights.edit(name).values()[i] = value - step;
      const double below = loss_with(graph, weights, sample_weights);
      weights.edit(name).values()[i] = value;
      CHECK_MESSAGE(
          static_cast<double>(gradient.values()[i]) ==
              doctest::Approx((above - below) / (2.0 * static_cast<double>(step))).epsilon(2e-2).scale(0.05),
          name, "[", i, "]");
    }
  }
}

TEST_CASE("a short batch is the mean over its real samples") {
  const Graph graph = branching_network();
  const Weights weights = initialize(graph, 4);
  TrainingPlan whole = make_plan(graph, weights);
  const std::array<float, 5> two = {2.5f, 2.5f, 0.0f, 0.0f,
                                    0.0f};  // times 5/2, as a mean over two would weigh them
  const double expected = run(whole, two);
  TrainingPlan short_batch = make_plan(graph, weights);
  CHECK(run(short_batch, {}, 2) == doctest::Approx(expected));
  const Tensor a = whole.gradient("inner/kernel"), b = short_batch.gradient("inner/kernel");
  for (std::size_t i = 0; i < a.values().size(); ++i) CHECK(a.values()[i] == doctest::Approx(b.values()[i]));
  CHECK_THROWS_AS(run(short_batch, {}, 6), Error);
}

TEST_CASE("training lowers the loss, predictions are probabilities, frozen layers stay") {
  const Graph graph =
      branching_network().with_trainable([](const Node& node) { return node.name != "hidden"; });
  const Weights start = initialize(graph, 4);
  for (const Optimizer& optimizer : {Optimizer(SGD{.momentum = 0.9f}), Optimizer(Adam{})}) {
    TrainingPlan plan = make_plan(graph, start, optimizer);
    const double first = run(plan);
    for (int step = 0; step < 200; ++step) {
      run(plan);
      plan.update(0.05f);
    }
    CHECK(run(plan) < 0.3 * first);
    const float* p = plan.predictions();
    CHECK(p[0] + p[1] + p[2] == doctest::Approx(1.0f));
    Weights trained = start;
    plan.store(trained);
    CHECK(std::ranges::equal(trained.at("hidden/kernel").values(), start.at("hidden/kernel").values()));
    CHECK(!std::ranges::equal(trained.at("inner/kernel").values(), start.at("inner/kernel").values()));
    CHECK_THROWS_AS(plan.gradient("hidden/kernel"), Error);
  }
}

TEST_CASE("a graph in which nothing is trainable is refused") {
  const Graph frozen = branching_network().with_trainable([](const Node&) { return false; });
  CHECK_THROWS_WITH_AS(compile_training(frozen, initialize(frozen, 1), make_reference_backend(), {}),
                       "branching: nothing is trainable; unfreeze a layer or add a head", Error);
}

TEST_CASE("training runs in f32, bf16 and f16; what a backend or the plan lacks is an error that names it") {
  const Graph graph = branching_network();
  const Weights weights = initialize(graph, 4);
  CHECK_THROWS_WITH_AS(
      compile_training(graph, weights, make_reference_backend(), {.precision = Precision::f64}),
      "--precision: training runs in f32, bf16 or f16, not in f64", Error);
  for (const std::string half : {"bf16", "f16"}) {
    const Precision precision = half == "f16" ? Precision::f16 : Precision::bf16;
    CHECK_THROWS_WITH_AS(compile_training(graph, weights, make_reference_backend(), {.precision = precision}),
                         ("Dense 'hidden': the reference backend does not run it (forward, " + half +
                          "): the reference computes in f32 and f64")
                             .c_str(),
                         Error);
  }
}

TEST_CASE("micro-batches sum to the batch's gradient, loss and predictions, also of a short batch") {
  const Graph graph = branching_network();
  const Weights weights = initialize(graph, 4);
  const std::array<float, 5> sample_weights = {1.0f, 0.5f, 2.0f, 0.25f, 1.5f};
  for (const std::int64_t count : {5, 3}) {
    TrainingPlan whole = make_plan(graph, weights);
    const double loss = run(whole, sample_weights, count);
    for (const std::int64_t micro_batch : {1, 2, 3}) {
      CAPTURE(micro_batch);
      TrainingPlan plan = compile_training(graph, weights, make_reference_backend(),
                                           {.batch = 5, .optimizer = SGD{}, .micro_batch = micro_batch});
      CHECK(run(plan, sample_weights, count) == doctest::Approx(loss).epsilon(1e-6));
      for (const std::string name : {"hidden/kernel", "predictions/bias"}) {
        const Tensor a = plan.gradient(name), b = whole.gradient(name);
        for (std::size_t i = 0; i < a.values().size(); ++i) {
          CHECK(a.values()[i] == doctest::Approx(b.values()[i]).epsilon(1e-5).scale(0.1));
        }
      }
      for (std::int64_t i = 0; i < 3 * count; ++i) {
        CHECK(plan.predictions()[i] == doctest::Approx(whole.predictions()[i]));
      }
    }
  }
}

TEST_CASE("the loss's factor in float16 is halved where gradients are not finite, and doubled after long") {
  LossScale scale(Precision::f16);
  CHECK(scale.factor() == 32768);
  for (int step = 0; step < 1999; ++step) scale.count(true);
  CHECK(scale.factor() == 32768);
  CHECK(scale.finite_steps() == 1999);
  scale.count(true);
  CHECK(scale.factor() == 65536);
  CHECK(scale.finite_steps() == 0);
  scale.count(true);
  scale.count(false);
  CHECK(scale.factor() == 32768);
  CHECK(scale.finite_steps() == 0);
  LossScale restored(Precision::f16);
  restored.restore(8, 1999);
  restored.count(true);
  CHECK(restored.factor() == 16);
  restored.restore(0, 0);  // of a training without one
  CHECK(restored.factor() == 32768);
  LossScale none(Precision::bf16);
  none.count(false);
  none.restore(8, 3);
  CHECK(none.factor() == 1);
}

TEST_CASE("a restored plan goes on bit for bit") {
  const Graph graph = branching_network();
  Weights weights = initialize(graph, 4);
  TrainingPlan plan = make_plan(graph, weights, Adam{});
  const auto step = [](TrainingPlan& trained) {
    const double loss = run(trained);
    trained.update(0.01f);
    return loss;
  };
  step(plan);
  step(plan);
  plan.store(weights);
  const OptimizerState state = plan.optimizer_state();
  TrainingPlan other = make_plan(graph, initialize(graph, 9), Adam{});
  other.restore(weights, state);
  for (int i = 0; i < 3; ++i) CHECK(step(other) == step(plan));
  TrainingPlan momentum = make_plan(graph, weights, SGD{.momentum = 0.9f});
  CHECK_THROWS_WITH_AS(momentum.restore(weights, state), doctest::Contains("is of another optimiser"), Error);
}
