#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/passes/passes.h"
#include "engine/plan.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

// Layers in front of two 1x1 convolutions with strides, as where a stage of ResNet ends.
struct Stage {
  std::string name;
  std::int64_t height = 13, width = 16;
  Size2D kernel{3, 3}, strides{1, 1}, dilation{1, 1};
  Padding padding = Padding::same;
  Size2D first{2, 2}, second{2, 2};  // the strides behind
  Padding behind = Padding::same;
  bool residual = true, depthwise = false, output = false, as_residual = false;
};

Network network_of(const Stage& s) {
  GraphBuilder g(s.name);
  Value x = g.input({s.height, s.width, 3});
  Value block = g.add("before", Conv2D{.filters = 6}, x);
  Value y = g.add("middle",
                  Conv2D{.filters = 5,
                         .kernel = s.kernel,
                         .strides = s.strides,
                         .padding = s.padding,
                         .dilation = s.dilation,
                         .activation = ActivationFunction::relu},
                  block);
  if (s.depthwise) y = g.add("depthwise", DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same}, y);
  y = g.add("last", Conv2D{.filters = 6}, y);
  if (s.residual) {
    y = g.add("add", Add{}, {block, y});
    y = g.add("relu", Activation{ActivationFunction::relu}, y);
  }
  Value first = g.add("first", Conv2D{.filters = 4, .strides = s.first, .padding = s.behind}, y);
  Value second = g.add("second", Conv2D{.filters = 4, .strides = s.second}, y);
  std::vector<Value> outputs = {first, second};
  if (s.output) outputs.push_back(y);
  if (s.as_residual)
    outputs.push_back(
        g.add("again", Add{}, {g.add("other", Conv2D{.filters = 6, .strides = s.strides}, block), y}));
  const Graph graph = std::move(g).build(outputs);
  return {graph, initialize(graph, 3)};
}

std::vector<float> outputs_of(const Network& network) {
  Plan plan =
      compile(network.graph, network.weights, make_reference_backend(), {.batch = 2, .optimize = false});
  auto* input = reinterpret_cast<float*>(plan.input());
  for (std::int64_t i = 0; i < plan.inputs()[0].shape.elements(); ++i)
    input[i] = static_cast<float>((i * 2654435761u >> 13) % 201) / 100 - 1;
  plan.run();
  std::vector<float> values;
  for (std::size_t output = 0; output < plan.outputs().size(); ++output) {
    const auto* found = reinterpret_cast<const float*>(plan.output(output));
    values.insert(values.end(), found, found + plan.outputs()[output].shape.elements());
  }
  return values;
}

// How many of the operations are left.
double check(const Stage& stage) {
  CAPTURE(stage.name);
  const Network before = network_of(stage), after = optimize_for_inference(before);
  const std::vector<float> expected = outputs_of(before), found = outputs_of(after);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  return static_cast<double>(after.graph.operations()) / static_cast<double>(before.graph.operations());
}

Size2D strides_of(const Network& network, const char* name) {
  return std::get<Conv2D>(network.graph[network.graph.find(name)].layer).strides;
}

}  // namespace

TEST_CASE("strides move to the layers in front, which compute the same with fewer pixels") {
  CHECK(check({.name = "a stage"}) < 0.5);
  CHECK(check({.name = "even", .height = 14, .width = 14}) < 0.5);
  CHECK(check({.name = "valid", .padding = Padding::valid, .residual = false}) < 0.5);
  CHECK(check({.name = "uneven pads", .padding = Padding::explicitly({2, 0, 1, 3}), .residual = false}) <
        0.5);
  CHECK(check({.name = "dilated", .dilation = {2, 1}}) < 0.5);
  CHECK(check({.name = "strides 3", .first = {3, 3}, .second = {3, 3}}) < 0.4);
  CHECK(check({.name = "strides 1 and 2", .first = {1, 2}, .second = {1, 2}}) < 0.7);
  CHECK(check({.name = "strides of its own", .strides = {2, 1}, .residual = false}) < 0.6);
  CHECK(check({.name = "no residual", .residual = false}) < 0.5);
  CHECK(check({.name = "1x1 all the way", .kernel = {1, 1}, .residual = false}) < 0.5);
  CHECK(check({.name = "depthwise", .depthwise = true}) < 0.9);
  CHECK(check({.name = "more than the image", .height = 2, .width = 3, .first = {4, 4}, .second = {4, 4}}) <
        0.7);
}

TEST_CASE("strides go through a 1x1 to the window before it, and the first layers keep every pixel") {
  const Network after = optimize_for_inference(network_of({.name = "a stage"}));
  CHECK(strides_of(after, "first") == Size2D{1, 1});
  CHECK(strides_of(after, "second") == Size2D{1, 1});
  CHECK(strides_of(after, "relu") == Size2D{1, 1});
  CHECK(strides_of(after, "middle") == Size2D{2, 2});
  CHECK(strides_of(after, "before") == Size2D{1, 1});
  CHECK(after.graph.contains("relu/residual"));
}

TEST_CASE("what is read elsewhere keeps its pixels") {
  const auto keeps = [](const Stage& stage) {
    check(stage);
    return strides_of(optimize_for_inference(network_of(stage)), "middle") == stage.strides;
  };
  CHECK(keeps({.name = "other strides", .second = {3, 3}}));
  CHECK(keeps({.name = "an output", .output = true}));
  CHECK(keeps({.name = "another's residual", .as_residual = true}));
  CHECK(keeps({.name = "the residual of one with those strides",
               .strides = {2, 2},
               .residual = false,
               .as_residual = true}));
  CHECK(keeps({.name = "pads behind", .behind = Padding::explicitly({1, 0, 2, 1})}));
  CHECK(keeps({.name = "no strides", .first = {1, 1}, .second = {1, 1}}));
}
