// Names, classes, shapes and parameter counts of every variant, at even and odd sizes, are those of Keras.

#include <doctest/doctest.h>

#include <map>

#include "engine/keras_order.h"
#include "golden_case.h"
#include "models/mobilenet_v2.h"

namespace petal {
namespace {

Shape shape_of(const nlohmann::json& sizes) {
  const std::vector<std::int64_t> dims = sizes;
  return Shape(std::span(dims));
}

std::int64_t parameters(const Graph& graph, const Node& node) {
  std::int64_t sum = 0;
  for (const WeightDeclaration& weight : graph.weights(node)) sum += weight.shape.elements();
  return sum;
}

std::int64_t trainable(const Graph& graph) {
  std::int64_t sum = 0;
  for (const WeightDeclaration& weight : graph.weights()) {
    if (weight.role == Role::weight) sum += weight.shape.elements();
  }
  return sum;
}

// The first `count` layers of Keras's list, in its order.
void check_layers(const nlohmann::json& expected, std::size_t count, const Graph& graph) {
  REQUIRE(graph.nodes().size() == count);
  const std::vector<int> order = keras_order(graph);
  for (std::size_t i = 0; i < count; ++i) {
    const Node& node = graph[order[i]];
    CAPTURE(node.name);
    CHECK(node.name == expected[i][0].get<std::string>());
    const std::string keras_class = expected[i][1];
    CHECK(kind(node.layer) == (keras_class == "ReLU" ? "Activation" : keras_class));
    CHECK(node.shape == shape_of(expected[i][2]));
    CHECK(parameters(graph, node) == expected[i][3].get<std::int64_t>());
  }
}

Graph build(const nlohmann::json& expected, bool top, Pooling pooling = Pooling::none) {
  return architecture(expected.value("model", "mobilenet_v2"))
      .build({.image_size = expected["size"],
              .alpha = expected["alpha"],
              .include_top = top,
              .classes = golden::classes,
              .pooling = pooling});
}

void check_whole(const nlohmann::json& expected) {
  const Graph graph = build(expected, true);
  CAPTURE(graph.name());
  CHECK(graph.name() == expected["name"].get<std::string>());
  check_layers(expected["layers"], expected["layers"].size(), graph);
  CHECK(graph.parameters() == expected["parameters"].get<std::int64_t>());
  CHECK(trainable(graph) == expected["trainable"].get<std::int64_t>());
}

TEST_CASE("mobilenet_v2: layers, shapes and parameters are those of Keras") {
  const nlohmann::json models = golden::read_json(golden::folder("mobilenet_v2") / "structure.json");
  CHECK(models.size() == 10);
  for (const nlohmann::json& expected : models) {
    check_whole(expected);
    const Graph body = build(expected, false);
    check_layers(expected["layers"], expected["layers"].size() - 2, body);
    CHECK(body.parameters() == expected["headless"].get<std::int64_t>());
  }
}

TEST_CASE("every variant: layers, shapes and parameters are those of Keras, in its order") {
  const nlohmann::json models = golden::read_json(golden::folder("architectures") / "structure.json");
  std::map<std::string, int> variants;
  for (const nlohmann::json& expected : models) {
    ++variants[expected["model"]];
    check_whole(expected);
    if (!expected.contains("last")) continue;
    const Graph body = build(expected, false);
    check_layers(expected["layers"], expected["body_layers"], body);
    CHECK(body.parameters() == expected["body_parameters"].get<std::int64_t>());
    for (const auto& [pooling, last] : expected["last"].items()) {
      const Graph graph = build(expected, false, golden::pooling_by_name(pooling));
      CAPTURE(graph.name());
      CHECK(graph[graph.outputs()[0]].name == last[0].get<std::string>());
      CHECK(graph[graph.outputs()[0]].shape == shape_of(last[1]));
    }
  }
  // Four widths and two small sizes; the depths, and one or two small sizes.
  CHECK(variants == std::map<std::string, int>{{"inception_v3", 2},
                                               {"mobilenet", 6},
                                               {"mobilenet_v2", 1},
                                               {"resnet101", 1},
                                               {"resnet101_v2", 1},
                                               {"resnet152", 1},
                                               {"resnet152_v2", 1},
                                               {"resnet50", 2},
                                               {"resnet50_v2", 3}});
}

// Every batch norm of the architecture is this one; its shape says the rest.
void check_batch_norms(std::string_view name, const BatchNormalization& expected, int count) {
  int found = 0;
  const Graph graph = architecture(name).build({.image_size = 96});
  for (const Node& node : graph.nodes()) {
    if (kind(node.layer) != BatchNormalization::kind) continue;
    ++found;
    CHECK(node.layer == Layer{expected});
  }
  CHECK(found == count);
}

TEST_CASE("batch norms move and divide as Keras sets them") {
  check_batch_norms("mobilenet", {.momentum = 0.99f, .epsilon = 1e-3f}, 27);
  check_batch_norms("mobilenet_v2", {.momentum = 0.999f, .epsilon = 1e-3f}, 52);
  check_batch_norms("resnet50", {.momentum = 0.99f, .epsilon = 1.001e-5f}, 53);
  check_batch_norms("resnet50_v2", {.momentum = 0.99f, .epsilon = 1.001e-5f}, 49);
  check_batch_norms("inception_v3", {.momentum = 0.99f, .epsilon = 1e-3f, .scale = false}, 94);
}

TEST_CASE("every size from the smallest builds, and the features have the sides that the headers state") {
  for (std::int64_t size = 32; size <= 260; ++size) {
    const auto side = [&](const char* name, float alpha) {
      const Graph graph =
          architecture(name).build({.image_size = size, .alpha = alpha, .include_top = false});
      const Shape& shape = graph[graph.outputs()[0]].shape;
      CHECK(shape[0] == shape[1]);
      return shape[0];
    };
    CAPTURE(size);
    CHECK(side("mobilenet_v2", 0.35f) == (size + 31) / 32);
    CHECK(side("mobilenet", 0.25f) == (size + 1) / 2 / 16);
    CHECK(side("resnet50", 1.0f) == (size + 31) / 32);
    CHECK(side("resnet50_v2", 1.0f) == (size + 31) / 32);
    if (size >= 75) CHECK(side("inception_v3", 1.0f) >= 1);
  }
}

}  // namespace
}  // namespace petal
