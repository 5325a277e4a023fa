// Activation functions and layers in Keras configs, of Keras 2 and of Keras 3.

#include <doctest/doctest.h>

#include <cmath>

#include "engine/plan.h"
#include "io/keras_config.h"
#include "kernels/reference/backend.h"
#include "tests/io/keras_config_fixtures.h"
#include "tests/kernels/activation_cases.h"

using namespace petal;

namespace {

Graph read(const std::string& class_name, const Json& config, std::string_view keras_version = {}) {
  const Json shape = class_name == "Dense" ? Json{nullptr, 8} : Json{nullptr, 8, 8, 4};
  return from_keras_config(with_layer(class_name, config, shape), "test", {.keras_version = keras_version});
}

Layer read_one(const std::string& class_name, const Json& config) {
  const Graph graph = read(class_name, config);
  REQUIRE(graph.nodes().size() == 2);
  return graph[graph.find("middle")].layer;
}

Json convolution(Json activation) {
  return {{"filters", 2}, {"kernel_size", 1}, {"activation", std::move(activation)}};
}

Json object(const char* class_name, Json config) {
  return {{"module", "keras.layers"}, {"class_name", class_name}, {"config", std::move(config)}};
}

// dst of a graph for src in [-6, 6].
std::vector<float> run(const Graph& graph, const Weights& weights) {
  Plan plan = compile(graph, weights, make_reference_backend(), {});
  auto* src = reinterpret_cast<float*>(plan.input());
  const std::int64_t elements = plan.inputs()[0].shape.elements();
  for (std::int64_t i = 0; i < elements; ++i)
    src[i] = static_cast<float>(i) * 12.0f / static_cast<float>(elements - 1) - 6.0f;
  plan.run();
  const auto* dst = reinterpret_cast<const float*>(plan.output());
  return {dst, dst + plan.outputs()[0].shape.elements()};
}

}  // namespace

TEST_CASE("every activation function is read and written by Keras's name, on its own and in a layer") {
  for (const ActivationFunction function : testing::activation_functions()) {
    const std::string name(to_string(function));
    CAPTURE(name);
    const Json as_object = {{"module", "builtins"}, {"class_name", "function"}, {"config", name}};
    for (const Json& form : {Json(name), as_object}) {
      CHECK(read_one("Activation", {{"activation", form}}) == Layer(Activation{function}));
      CHECK(read_one("Conv2D", convolution(form)) == Layer(Conv2D{.filters = 2, .activation = function}));
      CHECK(read_one("Dense", {{"units", 3}, {"activation", form}}) ==
            Layer(Dense{.units = 3, .activation = function}));
      CHECK(read_one("DepthwiseConv2D", {{"kernel_size", 1}, {"activation", form}}) ==
            Layer(DepthwiseConv2D{.activation = function}));
    }
    if (function == ActivationFunction::hard_sigmoid) continue;  // below
    for (const char* class_name : {"Activation", "Conv2D"}) {
      Json config = convolution(name);
      if (std::string(class_name) == "Activation") config = {{"activation", name}};
      const Graph graph = read(class_name, config);
      const Graph again = from_keras_config(to_keras_config(graph), "written");
      CHECK(again[again.find("middle")].layer == graph[graph.find("middle")].layer);
    }
  }
  CHECK(read_one("Activation", {{"activation", "swish"}}) == Layer(Activation{ActivationFunction::silu}));
  CHECK(read_one("Activation", {{"activation", "hard_swish"}}) ==
        Layer(Activation{ActivationFunction::hard_silu}));
}

TEST_CASE("activation layers by Keras 2's and Keras 3's options") {
  CHECK(read_one("LeakyReLU", Json::object()) == Layer(LeakyReLU{0.3f}));
  CHECK(read_one("LeakyReLU", {{"alpha", 0.125}}) == Layer(LeakyReLU{0.125f}));
  CHECK(read_one("LeakyReLU", {{"alpha", {{"type", "ndarray"}, {"value", 0.25}}}}) ==
        Layer(LeakyReLU{0.25f}));
  CHECK(read_one("LeakyReLU", {{"negative_slope", 0.5}}) == Layer(LeakyReLU{0.5f}));
  CHECK(read_one("ELU", Json::object()) == Layer(ELU{1.0f}));
  CHECK(read_one("ELU", {{"alpha", 0.5}}) == Layer(ELU{0.5f}));
  CHECK(read_one("PReLU", {{"shared_axes", {1, 2}}}) == Layer(PReLU{.shared_axes = {1, 2}}));
  CHECK(read_one("PReLU", {{"shared_axes", 1}}) == Layer(PReLU{.shared_axes = {1}}));
  CHECK(read_one("PReLU", {{"shared_axes", nullptr}}) == Layer(PReLU{}));
  CHECK(read_one("ReLU", {{"max_value", nullptr}, {"negative_slope", 0.0}, {"threshold", 0.0}}) ==
        Layer(Activation{ActivationFunction::relu}));
  CHECK(read_one("ReLU", {{"max_value", 6.0}}) == Layer(Activation{ActivationFunction::relu6}));
  CHECK(read_one("ReLU", {{"max_value", 6.0}, {"threshold", 0.5}}) ==
        Layer(ReLU{.max_value = 6.0f, .threshold = 0.5f}));
  CHECK(read_one("ReLU", {{"max_value", 2.5}, {"negative_slope", 0.125}}) ==
        Layer(ReLU{.max_value = 2.5f, .negative_slope = 0.125f}));
  const Graph graph = read("PReLU", {{"shared_axes", {1, 2}}});
  CHECK(graph.weights()[0].name == "middle/alpha");
  CHECK(graph.weights()[0].shape == Shape{1, 1, 4});
}

TEST_CASE("options of activation layers that no Keras has are refused") {
  const auto refusal = [](const char* class_name, const Json& config) {
    return message_of([&] { read(class_name, config); });
  };
  CHECK(contains(refusal("ReLU", {{"threshold", -1}}), "'middle': max_value inf, negative_slope 0"));
  CHECK(contains(refusal("ReLU", {{"max_value", -2}}), "must all be 0 or more"));
  CHECK(contains(refusal("PReLU", {{"shared_axes", {2}}}),
                 "shared_axes are [2] for samples of shape (8, 8, 4)"));
  CHECK(contains(refusal("PReLU", {{"shared_axes", {1, 1}}}), "shared_axes are [1, 1]"));
  CHECK(contains(refusal("PReLU", {{"shared_axes", {1, 2, 3, 4}}}), "shared_axes are [1, 2, 3, 4]"));
  CHECK(contains(refusal("PReLU", {{"shared_axes", {0}}}), "expected axes from 1"));
  CHECK(contains(refusal("Activation", {{"activation", "sparsemax"}}),
                 "'sparsemax' is not known; known are linear"));
  CHECK(contains(refusal("Conv2D", convolution(object("PReLU", Json::object()))),
                 "PReLU stands as its activation"));
  CHECK(contains(refusal("Conv2D", convolution(object("LeakyReLU", {{"slope", 0.5}}))),
                 "LeakyReLU has slope 0.5"));
  CHECK(contains(refusal("Conv2D", convolution(Json{{"class_name", 3}, {"config", nullptr}})), "damaged"));
  CHECK(contains(refusal("Conv2D", convolution(5)), "has activation 5"));
}

TEST_CASE("a layer in an activation's place becomes a node behind, or the function that it is") {
  CHECK(read_one("Conv2D", convolution(object("ReLU", {{"max_value", 6.0}}))) ==
        Layer(Conv2D{.filters = 2, .activation = ActivationFunction::relu6}));
  CHECK(read_one("Activation", {{"activation", object("LeakyReLU", {{"alpha", 0.5}})}}) ==
        Layer(LeakyReLU{0.5f}));
  const Json leaky = object("LeakyReLU", {{"name", "leaky"}, {"trainable", true}, {"negative_slope", 0.125}});
  const Graph graph = read("Conv2D", convolution(leaky));
  REQUIRE(graph.nodes().size() == 3);
  CHECK(graph[graph.find("middle")].layer == Layer(Conv2D{.filters = 2}));
  CHECK(graph[graph.find("middle_leakyrelu")].layer == Layer(LeakyReLU{0.125f}));
  CHECK(graph[graph.outputs()[0]].name == "middle_leakyrelu");
}

TEST_CASE("hard_sigmoid is what the Keras that wrote the file computed") {
  const Json config = convolution("hard_sigmoid");
  for (const char* version : {"2.11.0", "1.2.2", "2.2.4-tf"}) {
    const Graph old = read("Conv2D", config, version);
    REQUIRE(old.nodes().size() == 4);
    CHECK(old[old.find("middle")].layer == Layer(Conv2D{.filters = 2}));
    CHECK(old[old.find("middle_rescaling")].layer == Layer(Rescaling{.scale = 0.2f, .offset = 0.5f}));
    CHECK(old[old.outputs()[0]].layer == Layer(ReLU{.max_value = 1.0f}));
  }
  for (const char* version : {"3.5.0", "", "unknown"}) {
    const Graph current = read("Conv2D", config, version);
    CHECK(current[current.find("middle")].layer ==
          Layer(Conv2D{.filters = 2, .activation = ActivationFunction::hard_sigmoid}));
  }
  // Keras 2's to_json() says its version inside.
  Json model = Json::parse(with_layer("Activation", {{"activation", "hard_sigmoid"}}));
  model["keras_version"] = "2.9.0";
  const Graph said = from_keras_config(model.dump(), "test");
  CHECK(said[said.find("middle")].layer == Layer(Rescaling{.scale = 0.2f, .offset = 0.5f}));
  CHECK(said[said.outputs()[0]].layer == Layer(ReLU{.max_value = 1.0f}));
}

TEST_CASE("hard_sigmoid is written as what Keras 2 and 3 read alike") {
  GraphBuilder g("gates");
  Value x = g.input({4, 4, 2});
  x = g.add("gate", DepthwiseConv2D{.activation = ActivationFunction::hard_sigmoid}, x);
  x = g.add("gate_relu", Activation{ActivationFunction::hard_sigmoid}, x);
  const Graph graph = std::move(g).build({x});
  const std::string config = to_keras_config(graph);
  CHECK_FALSE(contains(config, "hard_sigmoid"));
  const Graph again = from_keras_config(config, "written", {.keras_version = "2.11.0"});
  CHECK(again.nodes().size() == 6);
  CHECK(again[again.find("gate")].layer == Layer(DepthwiseConv2D{}));
  Weights weights = initialize(graph, 3);
  const std::vector<float> before = run(graph, weights), after = run(again, weights);
  REQUIRE(before.size() == after.size());
  float lowest = 1, highest = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(after[i] == doctest::Approx(before[i]).epsilon(1e-6));
    lowest = std::min(lowest, before[i]);
    highest = std::max(highest, before[i]);
  }
  CHECK(highest - lowest > 0.1f);
}
