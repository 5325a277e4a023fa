#include <doctest/doctest.h>

#include <algorithm>

#include "engine/compiled_node.h"
#include "engine/error.h"
#include "engine/passes/passes.h"
#include "engine/plan.h"
#include "engine/training_plan.h"
#include "kernels/reference/backend.h"

using namespace petal;

namespace {

using NamedLayer = std::pair<std::string, Layer>;

// input -> the layers in a row -> global average pooling.
Graph chain(const std::vector<NamedLayer>& layers, const std::string& frozen = "") {
  GraphBuilder g("chain");
  Value x = g.input({12, 15, 3});
  for (const auto& [name, layer] : layers) {
    Node node{.name = name, .layer = layer};
    node.trainable = name != frozen;
    x = g.add(node, {x});
  }
  return std::move(g).build({g.add("pool", GlobalAveragePooling2D{}, x)});
}

// The names of the nodes between input and pooling.
std::vector<std::string> names(const Graph& graph) {
  std::vector<std::string> found;
  for (const Node& node : graph.nodes()) found.push_back(node.name);
  REQUIRE(found.size() >= 2);
  return {found.begin() + 1, found.end() - 1};
}

Graph composed(const Graph& graph) {
  return compose_augmentation({graph, {}}).graph;
}

using Names = std::vector<std::string>;

const RandomFlip flip;
const RandomRotation turn{.factor = {-0.2f, 0.2f}};
const RandomZoom zoom{.height_factor = {-0.1f, 0.1f}};
const RandomTranslation move{.height_factor = {-0.1f, 0.1f}};
const RandomCrop crop{.height = 8, .width = 9};

}  // namespace

TEST_CASE("a chain of geometric layers becomes one that draws what they drew") {
  const Graph graph = chain({{"flip", flip}, {"turn", turn}, {"zoom", zoom}, {"move", move}, {"crop", crop}});
  const Graph one = composed(graph);
  REQUIRE(names(one) == Names{"crop"});
  const Node& node = one[one.find("crop")];
  CHECK(node.shape == Shape{8, 9, 3});
  CHECK(node.trainable);
  const auto& affine = std::get<RandomAffine>(node.layer);
  REQUIRE(affine.parts.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const Node& part = graph[static_cast<int>(i) + 1];
    CHECK(affine.parts[i].number == random_layer(part));
    CHECK(affine.parts[i].layer == geometric(part.layer).value());
  }
  CHECK(affine.sampling == Sampling{});
}

TEST_CASE("what is between geometric layers keeps them apart") {
  const RandomContrast contrast{.factor = {0.1f, 0.1f}};
  CHECK(names(composed(chain(
            {{"flip", flip}, {"turn", turn}, {"contrast", contrast}, {"zoom", zoom}, {"move", move}}))) ==
        Names{"turn", "contrast", "move"});
  CHECK(names(composed(chain({{"turn", turn}}))) == Names{"turn"});
  CHECK(names(composed(chain({{"rescaling", Rescaling{}}, {"contrast", contrast}}))) ==
        Names{"rescaling", "contrast"});
}

TEST_CASE("neighbours that read otherwise stay apart") {
  RandomZoom wrapped = zoom;
  wrapped.fill_mode = FillMode::wrap;
  CHECK(names(composed(chain({{"turn", turn}, {"zoom", wrapped}}))) == Names{"turn", "zoom"});
  RandomZoom rounded = zoom;
  rounded.interpolation = Interpolation::nearest;
  CHECK(names(composed(chain({{"turn", turn}, {"zoom", rounded}}))) == Names{"turn", "zoom"});
  // A flip reads no way of its own and goes with either.
  const Graph both = composed(chain({{"turn", turn}, {"flip", flip}, {"zoom", wrapped}}));
  CHECK(names(both) == Names{"flip", "zoom"});
  const Graph own = composed(chain({{"flip", flip}, {"zoom", wrapped}}));
  CHECK(std::get<RandomAffine>(own[own.find("zoom")].layer).sampling.fill_mode == FillMode::wrap);
}

TEST_CASE("crops that would not be the same in one stay apart") {
  // What fills behind a crop fills from the crop's border.
  CHECK(names(composed(chain({{"crop", crop}, {"turn", turn}}))) == Names{"crop", "turn"});
  CHECK(names(composed(chain({{"crop", crop}, {"flip", flip}}))) == Names{"flip"});
  CHECK(names(composed(chain({{"crop", crop}, {"smaller", RandomCrop{4, 4}}}))) == Names{"crop", "smaller"});
  // Nothing to choose from: a crop of the middle.
  CHECK(names(composed(chain({{"turn", turn}, {"whole", RandomCrop{12, 9}}}))) == Names{"turn", "whole"});
}

TEST_CASE("a frozen layer and a value that others read end a run") {
  const std::vector<NamedLayer> layers = {{"flip", flip}, {"turn", turn}, {"zoom", zoom}, {"move", move}};
  CHECK(names(composed(chain(layers, "turn"))) == Names{"flip", "turn", "move"});
  GraphBuilder g("branch");
  const Value turned = g.add("turn", turn, g.add("flip", flip, g.input({6, 6, 3})));
  const Value sum = g.add("sum", Add{}, {turned, g.add("zoom", zoom, turned)});
  const Graph branch = composed(std::move(g).build({sum}));
  CHECK(branch.contains("turn"));
  CHECK(branch.contains("zoom"));
  CHECK_FALSE(branch.contains("flip"));
}

TEST_CASE("inference leaves augmentation out, but for cropping") {
  const RandomBrightness brightness{.factor = {0.5f, 0.5f}};
  const Graph graph = chain({{"flip", flip}, {"turn", turn}, {"crop", crop}, {"brightness", brightness}});
  CHECK(names(optimize_for_inference({graph, {}}).graph) == Names{"crop"});
  // Also where they had been composed for training.
  const Graph inference = optimize_for_inference({composed(graph), {}}).graph;
  REQUIRE(names(inference) == Names{"crop"});
  CHECK(inference[inference.find("crop")].layer == Layer(crop));
}

TEST_CASE("an output that is an augmentation keeps its name in inference") {
  GraphBuilder g("output");
  const Value x = g.add("turn", turn, g.input({6, 6, 3}));
  const Graph graph = std::move(g).build({x});
  Plan plan = compile(graph, {}, make_reference_backend(), {.batch = 1});
  float* pixels = reinterpret_cast<float*>(plan.input(0));
  for (int i = 0; i < 108; ++i) pixels[i] = static_cast<float>(i);
  plan.run();
  const auto* found = reinterpret_cast<const float*>(plan.output(0));
  for (int i = 0; i < 108; ++i) CHECK(found[i] == static_cast<float>(i));
}

TEST_CASE("training begins at active augmentation, and not at frozen") {
  const std::vector<NamedLayer> layers = {{"rescaling", Rescaling{}}, {"turn", turn}, {"zoom", zoom}};
  const FrozenSplit split = split_frozen(chain(layers));
  CHECK(names(split.frozen) == Names{});
  CHECK(split.frozen[split.frozen.outputs()[0]].name == "rescaling");
  CHECK(names(split.rest) == Names{"turn", "zoom"});
  const FrozenSplit later = split_frozen(chain(layers, "turn"));
  CHECK(later.frozen[later.frozen.outputs()[0]].name == "turn");
}

TEST_CASE("a training plan composes augmentation") {
  const TrainingNetwork network = optimize_for_training({chain({{"flip", flip}, {"turn", turn}}), {}});
  CHECK(names(network.network.graph) == Names{"turn"});
  CHECK_FALSE(network.constant[1]);
  const TrainingNetwork frozen = optimize_for_training({chain({{"turn", turn}}, "turn"), {}});
  CHECK(names(frozen.network.graph) == Names{});
}

TEST_CASE("trained weights in front of augmentation are refused with its name") {
  GraphBuilder g("late");
  Value x = g.input({6, 6, 3});
  x = g.add("conv", Conv2D{.filters = 3, .kernel = {3, 3}}, x);
  x = g.add("random_rotation", turn, x);
  x = g.add("predictions", Dense{.units = 2, .activation = ActivationFunction::softmax},
            g.add("flatten", Flatten{}, x));
  const Graph graph = std::move(g).build({x});
  const Weights weights = initialize(graph, 1);
  const TrainingOptions options{.batch = 2};
  std::string message = "no error";
  try {
    compile_training(graph, weights, make_reference_backend(), options);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.starts_with("RandomRotation 'random_rotation': "));
  CHECK(message.find("freeze the layers with weights in front of it") != std::string::npos);
  const Graph frozen = graph.with_trainable([](const Node& node) { return node.name != "conv"; });
  CHECK_NOTHROW(compile_training(frozen, weights, make_reference_backend(), options));
}
