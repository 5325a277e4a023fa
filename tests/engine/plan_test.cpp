#include "engine/plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/passes/passes.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

// Every kind of thing that the passes touch: padding folded and not, batch norm behind and in front of a
// convolution, residuals on either side, two readers, softmax inside a layer, views, dropout.
Graph varied_network() {
  GraphBuilder g("varied");
  Value x = g.input({9, 11, 3});
  x = g.add("rescaling", Rescaling{0.5f, -0.25f}, x);
  x = g.add("pad", ZeroPadding2D{{0, 1, 1, 2}}, x);
  x = g.add("conv", Conv2D{.filters = 6, .kernel = {3, 3}, .strides = {2, 2}, .use_bias = false}, x);
  x = g.add("conv_bn", BatchNormalization{}, x);
  x = g.add("conv_relu", Activation{ActivationFunction::relu6}, x);
  Value y = g.add("depthwise",
                  DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .depth_multiplier = 1}, x);
  y = g.add("depthwise_bn", BatchNormalization{.scale = false}, y);
  y = g.add("depthwise_relu", Activation{ActivationFunction::relu}, y);
  y = g.add("project", Conv2D{.filters = 6, .groups = 2}, y);
  y = g.add("project_bn", BatchNormalization{.center = false}, y);
  x = g.add("add", Add{}, {x, y});
  Value z = g.add("pre_bn", BatchNormalization{}, x);
  z = g.add("pre_relu", Activation{ActivationFunction::relu}, z);
  z = g.add("right", Conv2D{.filters = 6, .kernel = {3, 3}, .padding = Padding::same}, z);
  x = g.add("add_relu_in", Add{}, {z, x});
  x = g.add("add_relu", Activation{ActivationFunction::relu}, x);
  x = g.add("joined", Concatenate{}, {x, z});
  x = g.add("separable_pad", ZeroPadding2D{{1, 0, 1, 0}}, x);
  x = g.add("separable", SeparableConv2D{.filters = 5, .kernel = {2, 2}, .depth_multiplier = 2}, x);
  x = g.add("separable_bn", BatchNormalization{}, x);
  Value s = g.add("squeeze", GlobalAveragePooling2D{.keepdims = true}, x);
  s = g.add("excite", Conv2D{.filters = 5, .activation = ActivationFunction::sigmoid}, s);
  x = g.add("scaled", Multiply{}, {x, s});
  x = g.add("broadcast", Add{}, {x, s});
  x = g.add("transposed",
            Conv2DTranspose{.filters = 4, .kernel = {2, 3}, .strides = {2, 2}, .use_bias = false}, x);
  x = g.add("transposed_bn", BatchNormalization{}, x);
  x = g.add("transposed_relu", Activation{ActivationFunction::relu}, x);
  x = g.add("flatten", Flatten{}, x);
  x = g.add("dropout", Dropout{0.3f}, x);
  x = g.add("predictions", Dense{.units = 5, .activation = ActivationFunction::softmax}, x);
  return std::move(g).build({x});
}

// Statistics and scales that are not the identity, so that a fold that forgets one shows.
Weights lively_weights(const Graph& graph) {
  Weights weights = initialize(graph, 11);
  std::uint32_t layer = 0;
  for (const WeightDeclaration& declaration : graph.weights()) {
    const RandomStream random(5, RandomPurpose::initialization, 0, 0, ++layer);
    if (declaration.name.ends_with("kernel")) continue;
    const auto values = weights.edit(declaration.name).values();
    const float base =
        declaration.name.ends_with("variance") || declaration.name.ends_with("gamma") ? 0.5f : -0.5f;
    for (std::uint32_t i = 0; i < values.size(); ++i) values[i] = base + random.uniform(i);
  }
  return weights;
}

std::vector<float> run(const Graph& graph, const Weights& weights, const CompileOptions& options) {
  Plan plan = compile(graph, weights, make_reference_backend(), options);
  auto* src = reinterpret_cast<float*>(plan.input());
  const RandomStream random(9, RandomPurpose::drawing);
  for (std::uint32_t i = 0; i < plan.inputs()[0].shape.elements(); ++i) src[i] = random.uniform(i) * 4 - 2;
  plan.run();
  std::vector<float> all;
  for (std::size_t output = 0; output < plan.outputs().size(); ++output) {
    const auto* dst = reinterpret_cast<const float*>(plan.output(output));
    all.insert(all.end(), dst, dst + plan.outputs()[output].shape.elements());
  }
  return all;
}

int count_kind(const Graph& graph, std::string_view wanted) {
  return static_cast<int>(
      std::ranges::count_if(graph.nodes(), [&](const Node& node) { return kind(node.layer) == wanted; }));
}

}  // namespace

TEST_CASE("the passes leave few nodes and the same result") {
  const Graph graph = varied_network();
  const Weights weights = lively_weights(graph);
  const Network optimized = optimize_for_inference({graph, weights});
  CHECK(count_kind(optimized.graph, "BatchNormalization") == 1);  // the one in front of a convolution
  CHECK(count_kind(optimized.graph, "ZeroPadding2D") == 0);
  CHECK(count_kind(optimized.graph, "Dropout") == 0);
  // `right` is read twice, so it can take no residual, nor can `excite`, whose Add broadcasts.
  CHECK(count_kind(optimized.graph, "Add") == 2);
  CHECK(count_kind(optimized.graph, "Activation") == 3);  // softmax, and those behind pre_bn and that Add
  CHECK(optimized.graph.contains("add"));  // project with batch norm and residual, under the last name
  const auto plain = run(graph, weights, {.batch = 2, .optimize = false});
  const auto fused = run(graph, weights, {.batch = 2, .optimize = true});
  REQUIRE(plain.size() == 10);
  REQUIRE(fused.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(fused[i] == doctest::Approx(plain[i]).epsilon(1e-5));
  CHECK(std::abs(plain[0] + plain[1] + plain[2] + plain[3] + plain[4] - 1.0f) < 1e-5f);
}

TEST_CASE("values that are outputs survive the passes") {
  const std::vector<std::string> names = {"conv_bn", "flatten", "dropout", "add", "conv_relu"};
  const Graph graph = varied_network().with_outputs(names);
  const Weights weights = lively_weights(varied_network());
  const auto plain = run(graph, weights, {.batch = 3, .optimize = false});
  const auto fused = run(graph, weights, {.batch = 3, .optimize = true});
  REQUIRE(fused.size() == plain.size());
  double worst = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(fused[i] - plain[i])));
  }
  CHECK(worst < 1e-4);
  CHECK(plain.size() > 1000);
}

TEST_CASE("a plan runs again with the same result, whatever is left in its arena") {
  const Graph graph = varied_network();
  Plan plan = compile(graph, lively_weights(graph), make_reference_backend(), {.batch = 1});
  const auto fill = [&](float value) {
    auto* src = reinterpret_cast<float*>(plan.input());
    std::fill_n(src, plan.inputs()[0].shape.elements(), value);
  };
  const auto result = [&] {
    const auto* dst = reinterpret_cast<const float*>(plan.output());
    return std::vector<float>(dst, dst + 5);
  };
  fill(0.5f);
  plan.run();
  const auto first = result();
  fill(-3.0f);
  plan.run();
  CHECK(result() != first);
  fill(0.5f);
  plan.run();
  CHECK(result() == first);
}

TEST_CASE("profiling counts runs and names every step") {
  const Graph graph = varied_network();
  Plan plan = compile(graph, lively_weights(graph), make_reference_backend(), {.batch = 1});
  plan.run();
  CHECK(plan.profile().runs == 0);
  plan.set_profiling(true);
  plan.run();
  plan.run();
  CHECK(plan.profile().runs == 2);
  std::int64_t operations = 0;
  for (const ProfileEntry& entry : plan.profile().entries) {
    CHECK(entry.runs == 2);
    CHECK(!entry.implementation.empty());
    operations += entry.operations;
  }
  CHECK(operations > 0);
}

TEST_CASE("what cannot be compiled is said with the layer's name") {
  const Graph graph = varied_network();
  Weights weights = lively_weights(graph);
  CHECK_THROWS_AS(compile(graph, weights, make_reference_backend(), {.batch = 0}), Error);
  CHECK_THROWS_AS(compile(graph, weights, make_reference_backend(), {.precision = Precision::bf16}), Error);
  weights.erase("project/bias");
  CHECK_THROWS_AS(compile(graph, weights, make_reference_backend(), {.batch = 1}), Error);
}

TEST_CASE("the frozen split keeps every layer once and the same result") {
  const Graph graph =
      varied_network().with_trainable([](const Node& node) { return node.name == "predictions"; });
  const Weights weights = lively_weights(graph);
  const FrozenSplit split = split_frozen(graph);
  CHECK(split.frozen[split.frozen.outputs()[0]].name == "flatten");
  CHECK(split.rest.contains("dropout"));
  CHECK(split.rest.contains("predictions"));
  CHECK(split.rest.nodes().size() == 3);
  const FrozenSplit nothing = split_frozen(graph.with_trainable([](const Node&) { return true; }));
  CHECK(nothing.frozen[nothing.frozen.outputs()[0]].name == "pad");
}
