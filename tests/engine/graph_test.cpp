#include "engine/graph.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "engine/weights.h"

using namespace petal;

namespace {

Graph small_network() {
  GraphBuilder g("small");
  Value x = g.input({9, 8, 3});
  x = g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same}, x);
  x = g.add("norm", BatchNormalization{}, x);
  Value y =
      g.add("depthwise", DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .use_bias = false}, x);
  x = g.add("sum", Add{}, {x, y});
  x = g.add("pool", GlobalAveragePooling2D{}, x);
  x = g.add("dense", Dense{.units = 2}, x);
  return std::move(g).build({x});
}

}  // namespace

TEST_CASE("shapes and weights are inferred") {
  const Graph graph = small_network();
  CHECK(graph[graph.find("conv")].shape == Shape{5, 4, 4});
  CHECK(graph[graph.find("pool")].shape == Shape{4});
  CHECK(graph.parameters() == (3 * 3 * 3 * 4 + 4) + 4 * 4 + 3 * 3 * 4 + (4 * 2 + 2));
  const auto weights = graph.weights();
  REQUIRE(weights.size() == 9);
  CHECK(weights[0].name == "conv/kernel");
  CHECK(weights[0].shape == Shape{3, 3, 3, 4});
  CHECK(weights[4].name == "norm/moving_mean");
  CHECK(weights[4].role == Role::statistic);
  // conv 5*4*4 results of 27 multiply-adds and a bias, norm 2 each, depthwise 9 multiply-adds, add, pool,
  // dense.
  CHECK(graph.operations() == 80 * 55 + 80 * 2 + 80 * 18 + 80 + 80 + 2 * 9);
}

TEST_CASE("same padding puts the smaller half first, as Keras") {
  const Window even = resolve_window("w", {224, 224}, {3, 3}, {2, 2}, {1, 1}, Padding::same);
  CHECK(even.padding == Padding2D{0, 1, 0, 1});
  CHECK(even.output == Size2D{112, 112});
  const Window odd = resolve_window("w", {225, 7}, {3, 5}, {2, 1}, {1, 2}, Padding::same);
  CHECK(odd.padding == Padding2D{1, 1, 4, 4});
  CHECK(odd.output == Size2D{113, 7});
  CHECK(resolve_window("w", {7, 7}, {3, 3}, {2, 2}, {1, 1}, Padding::valid).output == Size2D{3, 3});
  CHECK(resolve_window("w", {7, 7}, {3, 3}, {2, 2}, {1, 1}, Padding::explicitly({1, 0, 0, 1})).output ==
        Size2D{3, 3});
  CHECK_THROWS_AS(resolve_window("w", {2, 7}, {3, 3}, {1, 1}, {1, 1}, Padding::valid), Error);
  CHECK_THROWS_AS(resolve_window("w", {7, 7}, {3, 3}, {0, 1}, {1, 1}, Padding::valid), Error);
}

TEST_CASE("what does not fit is an error that names the layer") {
  GraphBuilder g("bad");
  const Value x = g.input({4, 4, 3});
  CHECK_THROWS_WITH_AS(g.add("dense", Dense{.units = 2}, x),
                       "Dense 'dense': its input is (4, 4, 3); put Flatten or pooling in front of it", Error);
  CHECK_THROWS_AS(g.add("conv", Conv2D{.filters = 4, .groups = 2}, x), Error);
  const Value y = g.add("flat", Flatten{}, x);
  CHECK_THROWS_AS(g.add("sum", Add{}, {x, y}), Error);
  CHECK_THROWS_AS(g.add("flat", Flatten{}, x), Error);
  CHECK_THROWS_AS(g.add("reshape", Reshape{{5, -1}}, x), Error);
  CHECK_THROWS_AS(g.add("dropout", Dropout{1.0f}, x), Error);
  CHECK_THROWS_AS(g.add("other", Flatten{}, Value{99}), Error);
  CHECK_THROWS_AS(std::move(g).build({}), Error);
}

TEST_CASE("an unknown layer is answered with the nearest names") {
  CHECK_THROWS_WITH_AS(small_network().find("dens"),
                       "layer 'dens': is not in small; the nearest names are 'dense', 'conv', 'norm'", Error);
}

TEST_CASE("other outputs drop what they do not need") {
  const std::vector<std::string> names = {"norm"};
  const Graph graph = small_network().with_outputs(names);
  CHECK(graph.nodes().size() == 3);
  CHECK(graph[graph.outputs()[0]].name == "norm");
}

TEST_CASE("weights share until one side is changed, and are checked as a whole") {
  const Graph graph = small_network();
  Weights a = initialize(graph, 1);
  require_complete(graph, a);
  Weights b = a;
  CHECK(&a.at("dense/kernel") == &b.at("dense/kernel"));
  b.edit("dense/kernel").values()[0] = 5.0f;
  CHECK(a.at("dense/kernel").values()[0] != 5.0f);
  CHECK(content_hash(graph, a) == content_hash(graph, initialize(graph, 1)));
  CHECK(content_hash(graph, a) != content_hash(graph, b));
  b.erase("conv/bias");
  b.set("norm/beta", Tensor(Shape{7}), Role::weight);
  CHECK_THROWS_WITH_AS(require_complete(graph, b),
                       "small: weights do not fit the network:\n  conv/bias (4,) is missing\n  norm/beta is "
                       "(7,), expected (4,)",
                       Error);
}

TEST_CASE("the same layer starts the same in any graph, and each layer differently") {
  GraphBuilder g("other");
  Value x = g.input({4});
  x = g.add("dense", Dense{.units = 2}, x);
  x = g.add("dense_1", Dense{.units = 4}, x);
  const Graph other = std::move(g).build({x});
  const Weights here = initialize(small_network(), 3), there = initialize(other, 3);
  CHECK(here.at("dense/kernel").values()[3] == there.at("dense/kernel").values()[3]);
  CHECK(there.at("dense/kernel").values()[3] != there.at("dense_1/kernel").values()[3]);
  CHECK(initialize(other, 4).at("dense/kernel").values()[3] != there.at("dense/kernel").values()[3]);
}

TEST_CASE("an untrained base keeps the size of activations: kernels by the inputs of one output") {
  GraphBuilder g("base");
  Value x = g.input({8, 8, 32});
  x = g.add("conv", Conv2D{.filters = 64, .kernel = {3, 3}, .groups = 2}, x);
  x = g.add("depthwise", DepthwiseConv2D{.kernel = {5, 5}}, x);
  const Graph graph = std::move(g).build({x});
  const Weights weights = initialize_untrained_base(graph, 1);
  for (const auto& [name, fan_in] :
       {std::pair{"conv/kernel", 3 * 3 * 16}, {"depthwise/depthwise_kernel", 5 * 5}}) {
    double squares = 0;
    for (float value : weights.at(name).values())
      squares += static_cast<double>(value) * static_cast<double>(value);
    CHECK(squares / static_cast<double>(weights.at(name).elements()) ==
          doctest::Approx(2.0 / fan_in).epsilon(0.1));
  }
  CHECK(weights.at("conv/bias").values()[0] == 0.0f);
}
