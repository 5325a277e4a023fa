#include "engine/training_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/error.h"
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

void fill_input(TrainingPlan& plan) {
  auto* src = reinterpret_cast<float*>(plan.input());
  const RandomStream random(2, RandomPurpose::drawing);
  for (std::uint32_t i = 0; i < 20; ++i) src[i] = random.uniform(i) * 2 - 1;
}

TrainingPlan make_plan(const Graph& graph, const Weights& weights, const Optimizer& optimizer = SGD{}) {
  TrainingPlan plan =
      compile_training(graph, weights, make_reference_backend(), {.batch = 5, .optimizer = optimizer});
  fill_input(plan);
  return plan;
}

double loss_with(const Graph& graph, const Weights& weights, std::span<const float> sample_weights) {
  return make_plan(graph, weights).forward_backward(targets.data(), sample_weights, 5, {});
}

}  // namespace

TEST_CASE("gradients agree with finite differences, also where several meet and samples are weighted") {
  const Graph graph = branching_network();
  Weights weights = initialize(graph, 4);
  const std::array<float, 5> sample_weights = {1.0f, 0.5f, 2.0f, 0.0f, 1.5f};
  TrainingPlan plan = make_plan(graph, weights);
  plan.forward_backward(targets.data(), sample_weights, 5, {});
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
  const double expected = whole.forward_backward(targets.data(), two, 5, {});
  TrainingPlan short_batch = make_plan(graph, weights);
  CHECK(short_batch.forward_backward(targets.data(), {}, 2, {}) == doctest::Approx(expected));
  const Tensor a = whole.gradient("inner/kernel"), b = short_batch.gradient("inner/kernel");
  for (std::size_t i = 0; i < a.values().size(); ++i) CHECK(a.values()[i] == doctest::Approx(b.values()[i]));
  CHECK_THROWS_AS(short_batch.forward_backward(targets.data(), {}, 6, {}), Error);
}

TEST_CASE("training lowers the loss, predictions are probabilities, frozen layers stay") {
  const Graph graph =
      branching_network().with_trainable([](const Node& node) { return node.name != "hidden"; });
  const Weights start = initialize(graph, 4);
  for (const Optimizer& optimizer : {Optimizer(SGD{.momentum = 0.9f}), Optimizer(Adam{})}) {
    TrainingPlan plan = make_plan(graph, start, optimizer);
    const double first = plan.forward_backward(targets.data(), {}, 5, {});
    for (int step = 0; step < 200; ++step) {
      fill_input(plan);
      plan.forward_backward(targets.data(), {}, 5, {});
      plan.update(0.05f);
    }
    fill_input(plan);
    CHECK(plan.forward_backward(targets.data(), {}, 5, {}) < 0.3 * first);
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
