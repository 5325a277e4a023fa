// Training in halves: what is learnt stays float32, and what comes out stays close to float32's.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "engine/loss_scale.h"
#include "engine/plan.h"
#include "engine/training_plan.h"
#include "kernels/cpu/backend.h"
#include "tests/cuda_on_host.h"
#include "tests/gpu_under_test.h"
#include "tests/kernels/described_libraries.h"

using namespace petal;

namespace {

constexpr std::int64_t samples = 6;
constexpr std::int64_t side = 12;

class Noise : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    constexpr std::int64_t each = side * side * 3;
    for (std::int64_t i = 0; i < each * count; ++i)
      dst[i] = random.uniform(static_cast<std::uint32_t>(each * first + i)) * 2 - 1;
  }
};

constexpr std::int32_t targets[samples] = {2, 0, 1, 1, 0, 2};

double run(TrainingPlan& plan) {
  static const Noise source;
  return plan.forward_backward({.source = &source, .count = samples, .targets = targets},
                               {.seed = 3, .epoch = 1, .samples = {}});
}

// One convolution that reads halves and is all that learns.
Graph one_kernel() {
  GraphBuilder g("one_kernel");
  Value x = g.add("scaled", Rescaling{.scale = 1.5f}, g.input({side, side, 3}));
  x = g.add("conv", Conv2D{.filters = 3, .kernel = {3, 3}, .use_bias = false}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add("softmax", Activation{ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

// Every kind of step: a residual whose gradients meet, normalisation by the batch, pooling, a view, a frozen
// layer with a gradient through it, dense layers.
Graph network(bool normalizes, bool freezes_first = false) {
  GraphBuilder g("small");
  Value x = g.add("scaled", Rescaling{.scale = 1.5f}, g.input({side, side, 3}));
  x = g.add("stem", Conv2D{.filters = 8, .kernel = {3, 3}, .activation = ActivationFunction::relu}, x);
  const Value shortcut = x;
  x = g.add("depthwise", DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same}, x);
  if (normalizes) x = g.add("norm", BatchNormalization{}, x);
  x = g.add("cut", Activation{ActivationFunction::relu6}, x);
  x = g.add("project", Conv2D{.filters = 8}, x);
  x = g.add("add", Add{}, {shortcut, x});
  x = g.add("frozen", Conv2D{.filters = 8}, x);
  x = g.add("pool", MaxPooling2D{}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("hidden", Dense{.units = 16, .activation = ActivationFunction::relu}, x);
  x = g.add("predictions", Dense{.units = 3, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x}).with_trainable([&](const Node& node) {
    return node.name != "frozen" && !(freezes_first && (node.name == "stem" || node.name == "depthwise"));
  });
}

TrainingPlan make_plan(const Graph& graph, const Weights& weights, Precision precision,
                       const Optimizer& optimizer = SGD{}, int threads = 1) {
  return compile_training(graph, weights, make_cpu_backend(threads),
                          {.batch = samples, .precision = precision, .optimizer = optimizer});
}

// ||found - expected|| / ||expected||
double distance(const Tensor& found, const Tensor& expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.values().size(); ++i) {
    const double e = static_cast<double>(expected.values()[i]);
    difference += std::pow(static_cast<double>(found.values()[i]) - e, 2);
    size += e * e;
  }
  return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("cpu: in bf16 an update smaller than a half's step is not lost") {
  const Graph graph = one_kernel();
  const Weights start = initialize(graph, 4);
  TrainingPlan plan = make_plan(graph, start, Precision::bf16);
  const auto moved = [&] {
    Weights weights = start;
    plan.store(weights);
    double largest = 0;
    for (std::size_t i = 0; i < weights.at("conv/kernel").values().size(); ++i) {
      const float w = weights.at("conv/kernel").values()[i], before = start.at("conv/kernel").values()[i];
      largest = std::max(largest, static_cast<double>(std::fabs(w - before)));
    }
    return largest;
  };
  const double loss = run(plan);
  const Tensor gradient = plan.gradient("conv/kernel");
  const float largest = *std::ranges::max_element(
      gradient.values(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  // Kernels are around 0.2, where a half's steps are 2^-10.
  const float rate = 0x1p-18f / std::fabs(largest);
  plan.update(rate);
  CHECK(moved() > 0x1p-19);
  CHECK(moved() < 0x1p-17);
  // The copies that kernels read are the same but where a weight lay on the border between two halves.
  CHECK(run(plan) == doctest::Approx(loss).epsilon(1e-3));
  for (int step = 1; step < 1024; ++step) {
    plan.update(rate);
    run(plan);
  }
  CHECK(moved() > 0.5 * 0x1p-8);
  CHECK(run(plan) < loss * (1 - 1e-4));
}

TEST_CASE("cpu: in bf16 loss, predictions and gradients are float32's within rounding") {
  for (const bool normalizes : {false, true}) {
    for (const int threads : {1, 2}) {
      CAPTURE(normalizes);
      CAPTURE(threads);
      const Graph graph = network(normalizes);
      const Weights weights = initialize(graph, 4);
      TrainingPlan exact = make_plan(graph, weights, Precision::f32, SGD{}, threads);
      TrainingPlan plan = make_plan(graph, weights, Precision::bf16, SGD{}, threads);
      const double expected = run(exact);
      const double loss = run(plan);
      CHECK(loss == doctest::Approx(expected).epsilon(1e-2));
      CHECK(loss != expected);
      for (std::int64_t i = 0; i < 3 * samples; ++i)
        CHECK(plan.predictions()[i] == doctest::Approx(exact.predictions()[i]).epsilon(0.02));
      for (const WeightDeclaration& weight : graph.weights()) {
        if (weight.role != Role::weight || weight.name.starts_with("frozen")) continue;
        // Rounding of values and gradients moves them by a few percent, and by more where a sum cancels or a
        // relu that is nearly zero falls to the other side; a step that is wired wrongly, by 1.
        // What the batch's mean takes off again has no gradient but rounding.
        if (normalizes && weight.name == "depthwise/bias") continue;
        CAPTURE(weight.name);
        CHECK(distance(plan.gradient(weight.name), exact.gradient(weight.name)) < 0.2);
      }
    }
  }
}

TEST_CASE("cpu: in bf16 what is frozen at the front runs as inference does, and steps say their precision") {
  const Graph graph = network(false, true);
  TrainingPlan plan = make_plan(graph, initialize(graph, 4), Precision::bf16);
  plan.set_profiling(true);
  run(plan);
  std::map<std::string, std::string> precisions;
  for (const ProfileEntry& entry : plan.profile().entries) {
    CAPTURE(entry.name);
    CHECK_FALSE((entry.name == "stem" && entry.phase != "forward"));
    precisions[entry.name + " " + entry.phase] = entry.precision;
  }
  for (const char* step : {"stem forward", "project backward_weights", "hidden forward", "add backward_data"})
    CHECK(precisions[step] == "bf16");
  for (const char* step : {"predictions forward", "predictions backward_weights"})
    CHECK(precisions[step] == "f32");
}

TEST_CASE("cpu: in bf16 a restored plan goes on bit for bit, from float32 weights, also of several lanes") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    const Graph graph = network(threads == 1);  // that learns statistics in one lane
    Weights weights = initialize(graph, 4);
    TrainingPlan plan = make_plan(graph, weights, Precision::bf16, Adam{}, threads);
    CHECK(plan.lanes() == threads);
    const auto step = [](TrainingPlan& trained) {
      const double loss = run(trained);
      trained.update(0.01f);
      return loss;
    };
    step(plan);
    step(plan);
    plan.store(weights);
    const auto kernel = weights.at("project/kernel").values();
    CHECK(
        std::ranges::any_of(kernel, [](float w) { return (std::bit_cast<std::uint32_t>(w) & 0xffff) != 0; }));
    TrainingPlan other = make_plan(graph, initialize(graph, 9), Precision::bf16, Adam{}, threads);
    other.restore(weights, plan.optimizer_state());
    for (int i = 0; i < 3; ++i) CHECK(step(other) == step(plan));
    Weights a = weights, b = weights;
    plan.store(a);
    other.store(b);
    for (const auto& [name, entry] : a.entries())
      CHECK_MESSAGE(std::ranges::equal(entry.tensor->values(), b.at(name).values()), name);
  }
}

namespace {

// The kernels for GPUs as loops of the host, without and with libraries, and the GPU where there is one.
std::vector<std::shared_ptr<const Backend>> devices() {
  std::vector<std::shared_ptr<const Backend>> all = {testing::make_cuda_on_host(),
                                                     testing::make_described_backend({})};
  for (const auto& gpu : testing::gpus_under_test()) all.push_back(gpu);
  return all;
}

TrainingPlan make_plan(const Graph& graph, const std::shared_ptr<const Backend>& device,
                       Precision precision) {
  return compile_training(graph, initialize(graph, 4), device,
                          {.batch = samples, .precision = precision, .optimizer = SGD{}});
}

// As run, with every sample counting `weight`.
double run_weighted(TrainingPlan& plan, float weight) {
  static const Noise source;
  const std::vector<float> weights(samples, weight);
  return plan.forward_backward(
      {.source = &source, .count = samples, .targets = targets, .sample_weights = weights},
      {.seed = 3, .epoch = 1, .samples = {}});
}

Weights weights_of(const TrainingPlan& plan) {
  Weights weights;
  plan.store(weights);
  return weights;
}

}  // namespace

TEST_CASE("gpu: in halves loss, predictions and gradients are float32's within rounding") {
  for (const auto& device : devices()) {
    for (const bool normalizes : {false, true}) {
      const Graph graph = network(normalizes);
      TrainingPlan exact = make_plan(graph, device, Precision::f32);
      const double expected = run(exact);
      for (const Precision precision : {Precision::bf16, Precision::f16}) {
        INFO(device->name() << ", " << to_string(precision) << ", normalizes " << normalizes);
        const double step = precision == Precision::f16 ? 0.125 : 1;  // of the rounding, to bfloat16's
        TrainingPlan plan = make_plan(graph, device, precision);
        const double loss = run(plan);
        CHECK(loss == doctest::Approx(expected).epsilon(1e-2 * step));
        CHECK(loss != expected);
        for (std::int64_t i = 0; i < 3 * samples; ++i)
          CHECK(plan.predictions()[i] == doctest::Approx(exact.predictions()[i]).epsilon(0.02 * step));
        for (const WeightDeclaration& weight : graph.weights()) {
          if (weight.role != Role::weight || weight.name.starts_with("frozen")) continue;
          // What the batch's mean takes off again has no gradient but rounding.
          if (normalizes && weight.name == "depthwise/bias") continue;
          CAPTURE(weight.name);
          CHECK(distance(plan.gradient(weight.name), exact.gradient(weight.name)) < 0.2 * step);
        }
      }
    }
  }
}

TEST_CASE("gpu: inference in halves is float32's within rounding, fused and node for node") {
  const Graph graph = network(true);
  const Weights weights = initialize(graph, 4);
  for (const auto& device : devices()) {
    const auto infer = [&](Precision precision, bool optimize) {
      Plan plan = compile(graph, weights, device, {.batch = 2, .precision = precision, .optimize = optimize});
      Noise().write(0, 0, 2, reinterpret_cast<float*>(plan.input()));
      plan.run();
      const auto* output = reinterpret_cast<const float*>(plan.output());
      return std::vector<float>(output, output + 6);
    };
    const std::vector<float> expected = infer(Precision::f32, true);
    for (const auto& [precision, tolerance] : {std::pair(Precision::bf16, 0.02), {Precision::f16, 0.0025}}) {
      for (const bool optimize : {true, false}) {
        INFO(device->name() << ", " << to_string(precision) << ", " << optimize);
        const std::vector<float> found = infer(precision, optimize);
        CHECK(found != expected);
        for (std::size_t i = 0; i < 6; ++i)
          CHECK(found[i] == doctest::Approx(expected[i]).epsilon(tolerance));
      }
    }
  }
}

TEST_CASE("gpu: in float16 gradients below its smallest numbers are not lost") {
  const Graph graph = network(false);
  for (const auto& device : devices()) {
    TrainingPlan exact = make_plan(graph, device, Precision::f32);
    TrainingPlan plan = make_plan(graph, device, Precision::f16);
    constexpr float weight = 1e-5f;
    const double expected = run_weighted(exact, weight);
    CHECK(run_weighted(plan, weight) == doctest::Approx(expected).epsilon(2e-3));
    for (const char* name : {"stem/kernel", "project/kernel", "predictions/kernel"}) {
      CAPTURE(name);
      CHECK(distance(plan.gradient(name), exact.gradient(name)) < 0.05);
    }
  }
}

TEST_CASE("gpu: in float16 a step whose gradients are not finite is left out, and the loss's factor halved") {
  const Graph graph = network(false);
  for (const auto& device : devices()) {
    TrainingPlan plan = make_plan(graph, device, Precision::f16);
    const Weights start = weights_of(plan);
    CHECK(std::isfinite(run_weighted(plan, 1e4f)));
    plan.update(0.01f);
    CHECK(plan.optimizer_state().loss_scale == LossScale::first_factor / 2);
    CHECK(plan.optimizer_state().step == 0);
    const Weights after = weights_of(plan);
    for (const auto& [name, entry] : start.entries())
      CHECK_MESSAGE(std::ranges::equal(entry.tensor->values(), after.at(name).values()), name);
    // It goes on falling until they are.
    int left_out = 1;
    for (; plan.optimizer_state().step == 0 && left_out < 30; ++left_out) {
      run_weighted(plan, 1e4f);
      plan.update(1e-6f);
    }
    CHECK(left_out > 2);
    CHECK(plan.optimizer_state().step == 1);
    CHECK(plan.optimizer_state().finite_steps == 1);
    CHECK(plan.optimizer_state().loss_scale == std::ldexp(LossScale::first_factor, 1 - left_out));
    const Weights learnt = weights_of(plan);
    CHECK_FALSE(std::ranges::equal(learnt.at("stem/kernel").values(), start.at("stem/kernel").values()));
    for (const auto& [name, entry] : learnt.entries())
      CHECK(std::ranges::all_of(entry.tensor->values(), [](float w) { return std::isfinite(w); }));
  }
}

TEST_CASE("gpu: in halves a restored plan goes on bit for bit, its factor of the loss with it") {
  const Graph graph = network(true);
  for (const auto& device : devices()) {
    for (const Precision precision : {Precision::bf16, Precision::f16}) {
      INFO(device->name() << ", " << to_string(precision));
      TrainingPlan plan = make_plan(graph, device, precision);
      const auto step = [](TrainingPlan& trained, float weight) {
        const double loss = run_weighted(trained, weight);
        trained.update(0.01f);
        return loss;
      };
      step(plan, 1);
      if (precision == Precision::f16) step(plan, 1e5f);  // is left out
      const Weights weights = weights_of(plan);
      TrainingPlan other = compile_training(graph, initialize(graph, 9), device,
                                            {.batch = samples, .precision = precision, .optimizer = SGD{}});
      other.restore(weights, plan.optimizer_state());
      CHECK(other.optimizer_state().loss_scale == plan.optimizer_state().loss_scale);
      for (int i = 0; i < 3; ++i) CHECK(step(other, 1) == step(plan, 1));
      const Weights a = weights_of(plan), b = weights_of(other);
      for (const auto& [name, entry] : a.entries())
        CHECK_MESSAGE(std::ranges::equal(entry.tensor->values(), b.at(name).values()), name);
    }
  }
}
