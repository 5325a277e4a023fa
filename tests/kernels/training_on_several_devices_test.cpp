#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <vector>

#include "engine/error.h"
#include "engine/training_plan.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"
#include "tests/kernels/array_error.h"
#include "tests/kernels/noise.h"

namespace petal::testing {
namespace {

constexpr std::int64_t batch = 6, size = 12;

// Augmentation, batch norms, a residual, regularisers and dropout. No bias comes before a batch norm: its
// gradient would be rounding alone, of which Adam makes whole steps.
Graph small_network(bool batch_norms) {
  GraphBuilder g("small");
  const auto normalized = [&](const char* name, Value x) {
    return batch_norms ? g.add(name, BatchNormalization{.momentum = 0.9f}, x) : x;
  };
  Value x = g.input({size, size, 3});
  x = g.add("flip", RandomFlip{}, x);
  x = g.add("rotation", RandomRotation{.factor = {-0.1f, 0.1f}}, x);
  x = g.add("contrast", RandomContrast{.factor = {0.2f, 0.2f}}, x);
  x = g.add("conv", Conv2D{.filters = 8, .kernel = {3, 3}, .strides = {2, 2}, .use_bias = false}, x);
  x = g.add("relu6", Activation{ActivationFunction::relu6}, normalized("bn", x));
  Value y = g.add("depthwise",
                  DepthwiseConv2D{.kernel = {3, 3},
                                  .padding = Padding::same,
                                  .use_bias = false,
                                  .depthwise_regularizer = {.l2 = 1e-2f}},
                  x);
  y = g.add("relu", Activation{ActivationFunction::relu}, normalized("depthwise_bn", y));
  x = g.add("add", Add{}, {x, y});
  x = g.add("average", GlobalAveragePooling2D{}, x);
  x = g.add("dropout", Dropout{0.25f}, x);
  x = g.add("predictions",
            Dense{.units = 4, .activation = ActivationFunction::softmax, .kernel_regularizer = {.l2 = 1e-2f}},
            x);
  return std::move(g).build({x});
}

const std::vector<std::int32_t> targets = {2, 0, 3, 1, 0, 1};
const std::vector<float> sample_weights = {1.0f, 0.5f, 2.0f, 1.0f, 1.5f, 0.25f};
const std::vector<std::uint32_t> identities = {60, 1, 32, 7, 25, 8};

TrainingBatch first_of_batch(const SampleSource& source, std::int64_t count,
                             std::span<const float> weights = sample_weights) {
  return {.source = &source,
          .count = count,
          .targets = targets.data(),
          .sample_weights = weights.first(static_cast<std::size_t>(count))};
}

RunContext context_of(std::uint32_t step) {
  return {.seed = 3, .epoch = step, .samples = identities};
}

// What a training comes to.
struct Curve {
  std::vector<double> losses, predictions, weights;
  OptimizerState state;
};

// Batches of every number of samples, short ones between whole ones, as many under way as there may be.
Curve train(const Graph& graph, const std::shared_ptr<const Backend>& backend, const TrainingOptions& options,
            std::span<const float> weights_of_samples = sample_weights) {
  constexpr std::int64_t counts[] = {6, 5, 6, 4, 1, 6, 2, 3};
  Weights weights = initialize(graph, 4);
  TrainingPlan plan = compile_training(graph, weights, backend, options);
  const Noise noise(size * size * 3);
  Curve curve;
  std::deque<std::int64_t> started;
  const auto finish = [&] {
    curve.losses.push_back(plan.finish());
    curve.predictions.insert(curve.predictions.end(), plan.predictions(),
                             plan.predictions() + 4 * started.front());
    started.pop_front();
  };
  for (std::uint32_t step = 0; step < 20; ++step) {
    started.push_back(counts[step % std::size(counts)]);
    plan.start(first_of_batch(noise, started.back(), weights_of_samples), context_of(step));
    plan.update(0.01f);
    if (static_cast<int>(started.size()) == plan.steps_at_once()) finish();
  }
  while (!started.empty()) finish();
  plan.store(weights);
  for (const WeightDeclaration& weight : graph.weights()) {
    const auto values = weights.at(weight.name).values();
    curve.weights.insert(curve.weights.end(), values.begin(), values.end());
  }
  curve.state = plan.optimizer_state();
  return curve;
}

// One device, several of the same kind, how near their numbers are to one another's, and to those of the same
// work done again.
struct Devices {
  std::shared_ptr<const Backend> one, several;
  double tolerance, tolerance_again;
};

// Devices of the host, and the GPUs where there are several: their libraries choose what suits a share's
// size.
std::vector<Devices> all_devices() {
  std::vector<Devices> all;
  for (const int devices : {2, 3})
    all.push_back({make_cuda_on_host(), make_cuda_on_host_with_replicas(devices), 1e-5, 0});
  const auto several = several_gpus_under_test();
  const auto one = several.empty() ? several : gpus_under_test();
  for (std::size_t i = 0; i < several.size(); ++i) all.push_back({one[i], several[i], 1e-4, 1e-4});
  return all;
}

}  // namespace

TEST_CASE("several devices train along the curve of one, short batches and all") {
  for (const bool batch_norms : {true, false}) {
    const Graph graph = small_network(batch_norms);
    for (const auto& [optimizer, clipping] :
         {std::pair{Optimizer(SGD{.momentum = 0.9f}), GradientClipping{.global_norm = 0.5f}},
          std::pair{Optimizer(Adam{}), GradientClipping{.norm = 0.1f}}}) {
      const TrainingOptions options{.batch = batch, .optimizer = optimizer, .clipping = clipping};
      for (const auto& [one, several, tolerance, tolerance_again] : all_devices()) {
        INFO(several->name() << ", " << name(optimizer) << std::string(batch_norms ? ", batch norms" : ""));
        const Curve expected = train(graph, one, options), found = train(graph, several, options);
        CHECK(array_error(found.losses, expected.losses) <= tolerance);
        CHECK(array_error(found.predictions, expected.predictions) <= tolerance);
        CHECK(array_error(found.weights, expected.weights) <= tolerance);
        CHECK(found.state.step == expected.state.step);
      }
    }
  }
}

TEST_CASE("gradients of several devices are those of one") {
  const Graph graph = small_network(true);
  const Noise noise(size * size * 3);
  for (const auto& [one, several, tolerance, tolerance_again] : all_devices()) {
    const Weights weights = initialize(graph, 4);
    TrainingPlan expected = compile_training(graph, weights, one, {.batch = batch});
    TrainingPlan found = compile_training(graph, weights, several, {.batch = batch});
    for (std::int64_t count = 1; count <= batch; ++count) {
      const double loss = expected.forward_backward(first_of_batch(noise, count), context_of(1));
      CHECK(found.forward_backward(first_of_batch(noise, count), context_of(1)) ==
            doctest::Approx(loss).epsilon(tolerance));
      for (const WeightDeclaration& weight : graph.weights()) {
        if (weight.role == Role::statistic) continue;
        INFO(several->name() << ", " << count << " samples, " << weight.name);
        const Tensor a = found.gradient(weight.name), b = expected.gradient(weight.name);
        CHECK(array_error(std::vector<double>(a.values().begin(), a.values().end()),
                          std::vector<double>(b.values().begin(), b.values().end())) <= tolerance);
      }
    }
  }
}

// One sample's gradients exceed float16 until the factor is small: it lies on one device, and all leave the
// step out.
TEST_CASE("several devices agree which steps are left out in float16") {
  const Graph graph = small_network(true);
  const TrainingOptions options{.batch = batch, .precision = Precision::f16, .optimizer = SGD{}};
  const std::vector<float> one_heavy = {1.0f, 0.5f, 2.0f, 1000.0f, 1.5f, 0.25f};
  for (const auto& [one, several, tolerance, tolerance_again] : all_devices()) {
    INFO(several->name());
    const Curve expected = train(graph, one, options, one_heavy);
    CHECK(expected.state.step < 20);
    const Curve found = train(graph, several, options, one_heavy);
    CHECK(found.state.step == expected.state.step);
    CHECK(found.state.loss_scale == expected.state.loss_scale);
    CHECK(array_error(found.losses, expected.losses) <= 1e-2);
  }
}

TEST_CASE("a training on several devices goes on from where it stood") {
  const Graph graph = small_network(true);
  const Noise noise(size * size * 3);
  const TrainingOptions options{.batch = batch, .optimizer = Adam{}};
  for (const Devices& devices : all_devices()) {
    const auto& backend = devices.several;
    Weights weights = initialize(graph, 4);
    const auto step = [&](TrainingPlan& plan, std::uint32_t number) {
      const double loss = plan.forward_backward(first_of_batch(noise, 5), context_of(number));
      plan.update(0.01f);
      return loss;
    };
    TrainingPlan plan = compile_training(graph, weights, backend, options);
    for (std::uint32_t number = 0; number < 3; ++number) step(plan, number);
    plan.store(weights);
    TrainingPlan resumed = compile_training(graph, initialize(graph, 5), backend, options);
    resumed.restore(weights, plan.optimizer_state());
    for (std::uint32_t number = 3; number < 6; ++number) {
      INFO(backend->name());
      CHECK(std::fabs(step(resumed, number) - step(plan, number)) <= devices.tolerance_again);
    }
  }
}

TEST_CASE("a batch that does not go round the devices is refused") {
  const Graph graph = small_network(true);
  CHECK_THROWS_WITH_AS(
      compile_training(graph, initialize(graph, 4), make_cuda_on_host_with_replicas(3), {.batch = 2}),
      doctest::Contains("--batch-size: 2 photos a step do not go round 3 devices"), Error);
}

// The others are at work by then, and wait for sums with the one that failed.
TEST_CASE("where one device fails none waits for it, and the plan says so from then on") {
  const Graph graph = small_network(true);
  const Noise noise(size * size * 3);
  TrainingPlan plan =
      compile_training(graph, initialize(graph, 4), make_cuda_on_host_with_replicas(3), {.batch = batch});
  plan.forward_backward(first_of_batch(noise, batch), context_of(0));
  TrainingBatch wrong = first_of_batch(noise, batch);
  const std::vector<std::int32_t> no_class = {2, 0, 3, 1, 4, 1};
  wrong.targets = no_class.data();
  CHECK_THROWS_WITH_AS(plan.forward_backward(wrong, context_of(1)),
                       doctest::Contains("sample 4 has the class number 4"), Error);
  CHECK_THROWS_WITH_AS(plan.forward_backward(first_of_batch(noise, batch), context_of(1)),
                       doctest::Contains("one of them failed"), Error);
}

}  // namespace petal::testing
