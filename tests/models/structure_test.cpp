// Names, classes, shapes and parameter counts of every alpha, at even and odd sizes, are those of Keras.

#include <doctest/doctest.h>

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

void check_layers(const nlohmann::json& expected, const Graph& graph) {
  REQUIRE(graph.nodes().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Node& node = graph.nodes()[i];
    CAPTURE(node.name);
    CHECK(node.name == expected[i][0].get<std::string>());
    const std::string keras_class = expected[i][1];
    CHECK(kind(node.layer) == (keras_class == "ReLU" ? "Activation" : keras_class));
    CHECK(node.shape == shape_of(expected[i][2]));
    CHECK(parameters(graph, node) == expected[i][3].get<std::int64_t>());
  }
}

TEST_CASE("mobilenet_v2: layers, shapes and parameters are those of Keras") {
  const nlohmann::json models = golden::read_json(golden::folder("mobilenet_v2") / "structure.json");
  CHECK(models.size() == 10);
  for (const nlohmann::json& expected : models) {
    const MobileNetV2 options{expected["size"], expected["alpha"], true, expected["classes"]};
    const Graph graph = mobilenet_v2(options);
    CAPTURE(graph.name());
    CHECK(graph.name() == expected["name"].get<std::string>());
    check_layers(expected["layers"], graph);
    CHECK(graph.parameters() == expected["parameters"].get<std::int64_t>());
    CHECK(trainable(graph) == expected["trainable"].get<std::int64_t>());

    MobileNetV2 headless = options;
    headless.include_top = false;
    const Graph body = mobilenet_v2(headless);
    nlohmann::json layers = expected["layers"];
    layers.erase(layers.size() - 1);
    layers.erase(layers.size() - 1);
    check_layers(layers, body);
    CHECK(body.parameters() == expected["headless"].get<std::int64_t>());
  }
}

TEST_CASE("mobilenet_v2: batch norm moves slowly, as Keras sets it") {
  int found = 0;
  const Graph graph = mobilenet_v2({});
  for (const Node& node : graph.nodes()) {
    if (kind(node.layer) != BatchNormalization::kind) continue;
    ++found;
    CHECK(node.layer == Layer{BatchNormalization{.momentum = 0.999f, .epsilon = 1e-3f}});
  }
  CHECK(found == 52);
}

TEST_CASE("mobilenet_v2: every size from 32 ends in a thirty-second of it, rounded up") {
  for (std::int64_t size = 32; size <= 260; ++size) {
    const Graph graph = mobilenet_v2({.image_size = size, .alpha = 0.35f, .include_top = false});
    const std::int64_t side = (size + 31) / 32;
    CHECK(graph[graph.outputs()[0]].shape == Shape{side, side, 1280});
  }
}

}  // namespace
}  // namespace petal
