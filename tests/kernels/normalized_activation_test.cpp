// A batch normalization that learns and the activation behind it, which the CPU takes as one kernel, in
// training beside the reference's layers one by one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/training_plan.h"
#include "kernels/cpu/backend.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

struct Block {
  std::string name;
  BatchNormalization normalization{};
  ActivationFunction function = ActivationFunction::relu6;
  std::int64_t channels = 12;
  bool read_twice = false;         // the normalized image, by the activation and by an Add
  bool result_read_twice = false;  // the activation's
  bool input_learns = true;        // so that a gradient goes on through the normalization
  bool frozen = false;
};

constexpr std::int64_t samples = 6;

Graph graph_of(const Block& b) {
  GraphBuilder g(b.name);
  Value x = g.input({9, 11, 3});
  // Without a bias, whose gradient would be nothing but rounding: the normalization takes it off again.
  x = g.add("before", Conv2D{.filters = b.channels, .kernel = {3, 3}, .use_bias = false}, x);
  const Value normalized = g.add("norm", b.normalization, x);
  x = g.add("cut", Activation{b.function}, normalized);
  if (b.read_twice) x = g.add("sum", Add{}, {normalized, x});
  if (b.result_read_twice) x = g.add("sum", Add{}, {x, g.add("again", Conv2D{.filters = b.channels}, x)});
  x = g.add("after", DepthwiseConv2D{.kernel = {3, 3}, .strides = {2, 2}}, x);
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add("predictions", Dense{.units = 4, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x}).with_trainable([&](const Node& node) {
    return (b.input_learns || node.name != "before") && !(b.frozen && node.name == "norm");
  });
}

// Far enough from the numbers that layers begin with for both corners of relu6 to be reached.
Weights weights_of(const Graph& graph) {
  Weights weights = initialize(graph, 3);
  for (const WeightDeclaration& weight : graph.weights()) {
    auto values = weights.edit(weight.name).values();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto nudge = static_cast<float>(i % 5);
      if (weight.name.ends_with("gamma")) values[i] = 2 + nudge;
      if (weight.name.ends_with("beta")) values[i] = nudge - 1;
    }
  }
  return weights;
}

class Noise : public SampleSource {
 public:
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    const RandomStream random(2, RandomPurpose::drawing);
    constexpr std::int64_t each = 9 * 11 * 3;
    for (std::int64_t i = 0; i < each * count; ++i) {
      dst[i] = random.uniform(static_cast<std::uint32_t>(each * first + i)) * 4 - 1;
    }
  }
};

double error_of(std::span<const float> found, std::span<const float> expected) {
  REQUIRE(found.size() == expected.size());
  float largest = 1e-3f, error = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::isfinite(found[i]) ? std::abs(found[i] - expected[i]) : HUGE_VALF);
  }
  return static_cast<double>(error / largest);
}

bool is_one_kernel(const TrainingPlan& plan, std::string_view phase) {
  return std::ranges::any_of(plan.profile().entries, [&](const ProfileEntry& entry) {
    return entry.kind == "BatchNormalization+Activation" && entry.phase == phase;
  });
}

// A few steps, so that what one leaves behind is seen in the next.
void check(const Block& block, bool one_kernel) {
  CAPTURE(block.name);
  const Graph graph = graph_of(block);
  const Weights weights = weights_of(graph);
  const TrainingOptions options{.batch = samples, .optimizer = SGD{}};
  TrainingPlan expected = compile_training(graph, weights, make_reference_backend(), options);
  TrainingPlan found = compile_training(graph, weights, make_cpu_backend(2), options);
  CHECK(is_one_kernel(found, "forward") == one_kernel);
  CHECK(is_one_kernel(found, "backward_weights") == one_kernel);
  CHECK(is_one_kernel(found, "backward_data") == (one_kernel && block.input_learns));
  const Noise source;
  const std::vector<std::int32_t> targets = {2, 0, 1, 3, 0, 1};
  for (int step = 0; step < 3; ++step) {
    CAPTURE(step);
    const TrainingBatch batch{&source, samples, targets.data(), {}};
    CHECK(found.forward_backward(batch, {}) ==
          doctest::Approx(expected.forward_backward(batch, {})).epsilon(1e-5));
    for (const WeightDeclaration& weight : graph.weights()) {
      const Node& node = graph[graph.find(weight.name.substr(0, weight.name.find('/')))];
      if (weight.role == Role::statistic || !node.trainable) continue;
      CAPTURE(weight.name);
      CHECK(error_of(found.gradient(weight.name).values(), expected.gradient(weight.name).values()) <= 2e-4);
    }
    found.update(0.01f);
    expected.update(0.01f);
  }
  Weights of_found = weights, of_expected = weights;
  found.store(of_found);
  expected.store(of_expected);
  for (const WeightDeclaration& weight : graph.weights()) {
    CAPTURE(weight.name);
    CHECK(error_of(of_found.at(weight.name).values(), of_expected.at(weight.name).values()) <= 2e-5);
  }
}

}  // namespace

TEST_CASE("batch normalization and its activation train as one kernel as they do one by one") {
  check({.name = "relu6"}, true);
  check({.name = "relu", .function = ActivationFunction::relu}, true);
  check({.name = "odd channels", .channels = 13}, true);
  check({.name = "no gamma", .normalization = {.scale = false}}, true);
  check({.name = "neither gamma nor beta", .normalization = {.scale = false, .center = false}}, true);
  check({.name = "result read twice", .result_read_twice = true}, true);
  check({.name = "nothing learns before it", .input_learns = false}, true);
}

TEST_CASE("what reads the normalized image itself, or another activation, keeps the layers apart") {
  check({.name = "read twice", .read_twice = true}, false);
  check({.name = "swish", .function = ActivationFunction::silu}, false);
  check({.name = "frozen", .frozen = true}, false);
}
