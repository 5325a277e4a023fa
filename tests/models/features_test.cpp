#include "models/features.h"

#include <doctest/doctest.h>

#include "engine/error.h"
#include "models/training_graph.h"

namespace petal {
namespace {

const Dense hidden{.units = 8, .activation = ActivationFunction::relu};

// A small base: "conv" gives (6, 6, 4).
Value add_base(GraphBuilder& g) {
  const Value x = g.input({8, 8, 3}, "photo");
  return g.add("conv", Conv2D{.filters = 4, .kernel = {3, 3}, .activation = ActivationFunction::relu}, x);
}

std::string features(GraphBuilder g, Value output, const std::string& layer = {}) {
  const Graph base = up_to_features(std::move(g).build({output}), layer);
  return base[base.outputs()[0]].name;
}

TEST_CASE("features are what the dense layers at the end read") {
  GraphBuilder pooled("pooled");
  Value x = pooled.add("pool", GlobalAveragePooling2D{}, add_base(pooled));
  CHECK(features(pooled, x) == "pool");
  x = pooled.add("dropout", Dropout{.rate = 0.5f}, x);
  x = pooled.add("dense", hidden, x);
  x = pooled.add("norm", BatchNormalization{}, x);
  x = pooled.add("dense_1", Dense{.units = 3}, x);
  x = pooled.add("softmax", Activation{ActivationFunction::softmax}, x);
  CHECK(features(pooled, x) == "pool");
  CHECK(features(pooled, x, "dense") == "dense");

  GraphBuilder flattened("flattened");
  x = flattened.add("flatten", Flatten{}, add_base(flattened));
  x = flattened.add("dropout", Dropout{.rate = 0.5f}, x);
  x = flattened.add("dense", Dense{.units = 3}, x);
  CHECK(features(flattened, x) == "conv");
}

TEST_CASE("a 1 x 1 convolution of one pixel counts as dense, and a network without a head is all base") {
  GraphBuilder g("mobilenet_like");
  Value x = add_base(g);
  CHECK(features(g, x) == "conv");
  x = g.add("pool", GlobalAveragePooling2D{.keepdims = true}, x);
  x = g.add("conv_preds", Conv2D{.filters = 3}, x);
  x = g.add("reshape", Reshape{{3}}, x);
  x = g.add("predictions", Activation{ActivationFunction::softmax}, x);
  CHECK(features(g, x) == "pool");
}

TEST_CASE("a layer that is not there, and a network of two outputs, are errors") {
  GraphBuilder g("two");
  const Value x = add_base(g);
  const Value y = g.add("pool", GlobalAveragePooling2D{}, x);
  const Graph one = GraphBuilder(g).build({y}), two = GraphBuilder(g).build({x, y});
  CHECK_THROWS_WITH_AS(up_to_features(one, "conf"), doctest::Contains("--features: "), Error);
  CHECK_THROWS_WITH_AS(up_to_features(two), doctest::Contains("1 inputs and 2 outputs"), Error);
}

TEST_CASE("a head on features that are a vector has no pooling, and its names are new") {
  GraphBuilder g("base");
  Value x = g.add("predictions", Dense{.units = 5}, g.add("pool", GlobalAveragePooling2D{}, add_base(g)));
  x = g.add("rescaling", Rescaling{}, x);
  const Base base{std::move(g).build({x}), preprocessing_by_name("tf")};
  const Graph graph = training_graph(base, {.classes = 2}, "flip");
  CHECK(!graph.contains("global_average_pooling2d"));
  CHECK(graph[graph.outputs()[0]].name == "predictions_1");
  CHECK(graph[graph.find("rescaling_1")].shape == Shape{8, 8, 3});
  CHECK(graph[graph.find("random_flip")].inputs == std::vector{graph.find("rescaling_1")});
  CHECK(graph[graph.inputs()[0]].name == "photo");
  for (const char* name : {"rescaling_1", "conv", "predictions"}) CHECK(!graph[graph.find(name)].trainable);
}

}  // namespace
}  // namespace petal
