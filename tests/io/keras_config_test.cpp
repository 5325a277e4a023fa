#include "io/keras_config.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/io/keras_config_fixtures.h"

using namespace petal;

namespace {

// Keras has layers of their own for what is one in Petal.
std::string petal_kind(const std::string& keras_class) {
  return keras_class == "ReLU" || keras_class == "Softmax" ? "Activation" : keras_class;
}

// Keras 2 writes some float32 with all digits that they have in float64.
bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number())
    return static_cast<float>(a.get<double>()) == static_cast<float>(b.get<double>());
  if (!a.is_object() || !b.is_object()) return a == b;
  return a.size() == b.size() && std::ranges::all_of(a.items(), [&](const auto& item) {
           return b.contains(item.key()) && same_value(item.value(), b[item.key()]);
         });
}

// The arguments of all layers of a model by layer name, inner models included.
void collect_arguments(const Json& model, std::map<std::string, Json>& arguments) {
  for (const Json& layer : model["config"]["layers"]) {
    if (layer["config"].contains("layers")) {
      collect_arguments(layer, arguments);
    } else {
      arguments[layer["config"]["name"]] = layer;
    }
  }
}

// What a single number of an augmentation means; Petal writes it out.
Json as_range(const std::string& keras_class, const Json& factor) {
  const double number = factor.get<double>();
  return {keras_class == "RandomContrast" ? number : -number, number};
}

// How often the comparison below looked at two values, so that it cannot pass by looking at nothing.
int compare_arguments(const Json& keras, const Json& written) {
  int compared = 0;
  for (const auto& [key, value] : written["config"].items()) {
    if (!keras["config"].contains(key) || key == "axis" || key == "dtype" || key == "trainable" ||
        key == "seed")
      continue;
    Json expected = value.is_array() && keras["config"][key].is_number()
                        ? as_range(keras["class_name"], keras["config"][key])
                        : keras["config"][key];
    if (key == "activation" && expected == "swish") expected = "silu";  // one function of two names
    INFO(key << " " << expected << " " << value);
    CHECK(same_value(value, expected));
    ++compared;
  }
  return compared;
}

void check_equal(const Graph& a, const Graph& b) {
  REQUIRE(a.nodes().size() == b.nodes().size());
  CHECK(a.name() == b.name());
  for (std::size_t i = 0; i < a.nodes().size(); ++i) {
    const Node &left = a.nodes()[i], &right = b.nodes()[i];
    INFO(left.name);
    CHECK(left.name == right.name);
    CHECK(left.layer == right.layer);
    CHECK(left.inputs == right.inputs);
    CHECK(left.shape == right.shape);
    CHECK(left.trainable == right.trainable);
  }
  CHECK(std::ranges::equal(a.inputs(), b.inputs()));
  CHECK(std::ranges::equal(a.outputs(), b.outputs()));
}

Layer read_one(const std::string& class_name, const Json& config) {
  const Graph graph = from_keras_config(with_layer(class_name, config), "test");
  return graph[graph.find("middle")].layer;
}

}  // namespace

TEST_CASE("configs of Keras 2 and 3 give Keras's layers, shapes and parameters") {
  const auto all = fixtures();
  REQUIRE(all.size() >= 12);
  for (const auto& [name, fixture] : all) {
    CAPTURE(name);
    const Graph graph = from_keras_config(fixture["config"].dump(), name);
    CHECK(graph.name() == fixture["name"]);
    REQUIRE(graph.nodes().size() == fixture["layers"].size());
    std::vector<std::string> order, expected_order;
    std::int64_t parameters = 0;
    for (const Json& expected : fixture["layers"]) {
      const bool is_input = expected["class"] == "InputLayer";
      const int index =
          expected["name"].is_null() ? graph.inputs()[0] : graph.find(expected["name"].get<std::string>());
      const Node& node = graph[index];
      CAPTURE(node.name);
      // A ReLU with options stays one.
      const bool same_kind = kind(node.layer) == petal_kind(expected["class"]) ||
                             (kind(node.layer) == "ReLU" && expected["class"] == "ReLU");
      CHECK(same_kind);
      const auto dims = expected["shape"].get<std::vector<std::int64_t>>();
      CHECK(node.shape == Shape(std::span<const std::int64_t>(dims)));
      std::int64_t own = 0;
      for (const WeightDeclaration& weight : graph.weights(node)) own += weight.shape.elements();
      CHECK(own == expected["parameters"]);
      CHECK(node.trainable == expected["trainable"]);
      parameters += own;
      if (!is_input) expected_order.push_back(expected["name"]);
    }
    CHECK(graph.parameters() == parameters);
    for (const Node& node : graph.nodes()) {
      if (!std::holds_alternative<Input>(node.layer)) order.push_back(node.name);
    }
    CHECK(order == expected_order);
  }
}

TEST_CASE("what is written has the arguments that Keras wrote") {
  for (const auto& [name, fixture] : fixtures()) {
    CAPTURE(name);
    const Graph graph = from_keras_config(fixture["config"].dump(), name);
    std::map<std::string, Json> keras, written;
    collect_arguments(fixture["config"], keras);
    collect_arguments(Json::parse(to_keras_config(graph)), written);
    int compared = 0;
    for (const auto& [layer, own] : written) {
      CAPTURE(layer);
      if (!keras.contains(layer)) continue;  // the input that a Sequential leaves unnamed
      if (petal_kind(keras[layer]["class_name"]) != "Activation")
        CHECK(own["class_name"] == keras[layer]["class_name"]);
      compared += compare_arguments(keras[layer], own);
    }
    CHECK(compared > 2 * static_cast<int>(written.size()));
    check_equal(graph, from_keras_config(to_keras_config(graph), "written"));
    check_equal(graph, from_keras_config(to_keras_config(graph, KerasForm::keras3), "written"));
  }
}

TEST_CASE("every layer and option survives writing and reading") {
  const Graph graph = every_layer();
  check_equal(graph, from_keras_config(to_keras_config(graph), "written"));
  check_equal(graph, from_keras_config(to_keras_config(graph, KerasForm::keras3), "written"));
}

TEST_CASE("regularisers of Keras 2 and 3 belong to the weights that they name") {
  for (const char* name : {"regularized_keras2", "regularized_keras3"}) {
    CAPTURE(name);
    const Graph graph = from_keras_config(fixtures().at(name)["config"].dump(), name);
    const auto check = [&](const char* layer, const Regularizer& first, const Regularizer& bias) {
      const std::vector<WeightDeclaration> weights = graph.weights(graph[graph.find(layer)]);
      REQUIRE(weights.size() == 2);
      CHECK(weights[0].regularizer == first);
      CHECK(weights[1].regularizer == bias);
    };
    check("conv2d", {.l2 = 0.02f}, {.l1 = 0.01f});
    check("depthwise_conv2d", {.l1 = 0.003f}, {});
    check("dense", {.l1 = 0.1f, .l2 = 0.25f}, {.l2 = 0.01f});
  }
}

TEST_CASE("a regulariser that Petal lacks is refused, not passed over") {
  const auto error = [](const std::string& class_name, const char* key, const Json& regularizer) {
    return message_of([&] {
      from_keras_config(with_layer(class_name, {{"units", 2}, {key, regularizer}}), "test");
    });
  };
  const Json l2 = {{"class_name", "L2"}, {"config", {{"l2", 0.5}}}};
  const auto kernel = [&](const Json& regularizer) {
    return error("Dense", "kernel_regularizer", regularizer);
  };
  CHECK(contains(kernel({{"class_name", "Orthogonal"}, {"config", {{"factor", 0.01}}}}),
                 "Petal has L1, L2 and L1L2"));
  CHECK(contains(kernel("l2"), "has kernel_regularizer \"l2\"; Petal has L1, L2 and L1L2"));
  CHECK(
      contains(kernel({{"class_name", "L2"}, {"config", {{"l2", -1.0}}}}), "expected factors of 0 or more"));
  CHECK(contains(kernel({{"class_name", "L2"}, {"config", 3}}), "expected its config to be an object"));
  CHECK(contains(kernel({{"class_name", "L2"}, {"config", {{"l1", 0.1}}}}),
                 "has l1 0.1, an option that Petal"));
  CHECK(contains(error("Dense", "depthwise_regularizer", l2), "an option that Petal does not know"));
  CHECK(contains(error("Dense", "activity_regularizer", l2), "activity_regularizer"));
  for (const char* key : {"gamma_regularizer", "beta_regularizer"}) {
    CHECK(contains(error("BatchNormalization", key, l2), std::string("BatchNormalization has ") + key));
  }
}

TEST_CASE("axes of normalisations as Keras 2 and 3 write them") {
  const Json all = {1, 2, 3}, last = Json::array({-1}), fourth = Json::array({3});
  for (const Json& axis : {Json(-1), Json(3), last, fourth}) {
    CHECK(read_one("LayerNormalization", {{"axis", axis}}) == Layer(LayerNormalization{}));
    CHECK(read_one("Normalization", {{"axis", axis}}) == Layer(Normalization{}));
  }
  CHECK(read_one("LayerNormalization", {{"axis", all}}) == Layer(LayerNormalization{.dimensions = 3}));
  CHECK(read_one("LayerNormalization", {{"axis", {-2, -1}}}) == Layer(LayerNormalization{.dimensions = 2}));
  CHECK(read_one("LayerNormalization", Json::object()) == Layer(LayerNormalization{}));
  CHECK(read_one("Normalization", Json::object()) == Layer(Normalization{}));
  CHECK(read_one("Normalization", {{"axis", nullptr}}) == Layer(Normalization{.by_channel = false}));
  CHECK(read_one("Normalization", {{"axis", Json::array()}}) == Layer(Normalization{.by_channel = false}));
  CHECK(read_one("Normalization", {{"mean", {{{{1, 2, 3, 4}}}}}, {"variance", {{{{1, 1, 1, 4}}}}}}) ==
        Layer(Normalization{.mean = {1, 2, 3, 4}, .variance = {1, 1, 1, 4}}));

  GraphBuilder g("one_mean");
  const Value x = g.input({8, 8, 4});
  const Graph one_mean = std::move(g).build({g.add("n", Normalization{.by_channel = false}, x)});
  check_equal(one_mean, from_keras_config(to_keras_config(one_mean), "written"));
}

TEST_CASE("several inputs and outputs keep Keras's order") {
  for (const char* name : {"two_ends_keras2", "two_ends_keras3"}) {
    const Graph graph = from_keras_config(fixtures().at(name)["config"].dump(), name);
    REQUIRE(graph.inputs().size() == 2);
    CHECK(graph[graph.inputs()[0]].name == "first");
    CHECK(graph[graph.inputs()[1]].name == "second");
    REQUIRE(graph.outputs().size() == 2);
    CHECK(graph[graph.outputs()[0]].name == "c");
    CHECK(graph[graph.outputs()[1]].name == "a");
  }
}

TEST_CASE("the writer uses the classes that Keras's models use, and short numbers") {
  std::map<std::string, Json> written;
  collect_arguments(Json::parse(to_keras_config(every_layer())), written);
  CHECK(written["relu"]["class_name"] == "ReLU");
  CHECK(written["relu"]["config"]["max_value"].is_null());
  CHECK(written["relu6"]["class_name"] == "ReLU");
  CHECK(written["relu6"]["config"]["max_value"] == 6.0);
  CHECK(written["sigmoid"]["class_name"] == "Activation");
  CHECK(written["norm"]["config"]["epsilon"].dump() == "1.001e-05");
  CHECK(written["hidden"]["config"]["trainable"] == false);
  CHECK(written["pad"]["config"]["padding"] == Json::parse("[[1,2],[0,4]]"));
  CHECK_FALSE(written["depthwise"]["config"].contains("groups"));
}

TEST_CASE("what Keras cannot hold is not written") {
  GraphBuilder g("folded");
  const Value x = g.input({8, 8, 4});
  const Padding padding = Padding::explicitly({0, 1, 0, 1});
  const Value y = g.add("folded_conv", Conv2D{.filters = 4, .kernel = {3, 3}, .padding = padding}, x);
  const Graph folded = std::move(g).build({y});
  const std::string message = message_of([&] { to_keras_config(folded); });
  CHECK(contains(message, "folded_conv"));
  CHECK(contains(message, "explicit padding"));

  GraphBuilder h("fused");
  const Value in = h.input({8, 8, 4});
  Node fused;
  fused.name = "fused_conv";
  fused.layer = Conv2D{.filters = 4, .kernel = {1, 1}};
  fused.fused_residual = true;
  const Value out = h.add(fused, {in, in});
  const Graph with_residual = std::move(h).build({out});
  CHECK(contains(message_of([&] { to_keras_config(with_residual); }),
                 "layer 'fused_conv': Keras has no Conv2D"));

  GraphBuilder a("composed");
  const RandomAffine affine{.parts = {{RandomFlip{}, 1}, {RandomRotation{}, 2}}};
  const Value turned = a.add("random_rotation", affine, a.input({8, 8, 3}));
  const Graph composed = std::move(a).build({turned});
  CHECK(contains(message_of([&] { to_keras_config(composed); }),
                 "layer 'random_rotation': Keras has no layer for several affine maps"));

  GraphBuilder s("slash");
  const Value image = s.input({4});
  const Value dense = s.add("a/b", Dense{.units = 2}, image);
  const Graph slash = std::move(s).build({dense});
  CHECK(contains(message_of([&] { to_keras_config(slash); }), "layer 'a/b'"));
}

TEST_CASE("older ways of writing the same") {
  CHECK(read_one("ZeroPadding2D", {{"padding", 3}}) == Layer(ZeroPadding2D{{3, 3, 3, 3}}));
  CHECK(read_one("ZeroPadding2D", {{"padding", {1, 2}}}) == Layer(ZeroPadding2D{{1, 1, 2, 2}}));
  CHECK(read_one("BatchNormalization", {{"axis", Json::array({3})}}) == Layer(BatchNormalization{}));
  CHECK(read_one("BatchNormalization", {{"axis", 3}, {"renorm", false}}) == Layer(BatchNormalization{}));
  CHECK(read_one("MaxPooling2D", {{"pool_size", 3}, {"strides", nullptr}}) ==
        Layer(MaxPooling2D{.pool = {3, 3}, .strides = {3, 3}}));
  const Json six = {{"type", "ndarray"}, {"value", 6.0}}, zero = {{"type", "ndarray"}, {"value", 0.0}};
  CHECK(read_one("ReLU", {{"max_value", six}, {"negative_slope", zero}}) ==
        Layer(Activation{ActivationFunction::relu6}));
  const Json relu = {{"module", "builtins"}, {"class_name", "function"}, {"config", "relu"}};
  CHECK(read_one("Conv2D", {{"filters", 2}, {"kernel_size", 1}, {"activation", relu}}) ==
        Layer(Conv2D{.filters = 2, .activation = ActivationFunction::relu}));

  const Graph list = from_keras_config(
      R"({"class_name":"Sequential","config":[{"class_name":"Dense","config":{"name":"d","units":2,"batch_input_shape":[null,3]}}]})",
      "old");
  CHECK(list.nodes().size() == 2);
  CHECK(list[list.find("d")].shape == Shape{2});
}

TEST_CASE("augmentation as Keras 2 and 3 write it") {
  const Json turn = {{"factor", 0.2}, {"fill_mode", "reflect"}, {"fill_value", 0.0}, {"seed", 3}};
  CHECK(read_one("RandomRotation", turn) == Layer(RandomRotation{.factor = {-0.2f, 0.2f}}));
  CHECK(read_one("RandomRotation", {{"factor", {0.3, -0.1}}}) ==
        Layer(RandomRotation{.factor = {-0.1f, 0.3f}}));
  CHECK(read_one("RandomFlip", Json::object()) == Layer(RandomFlip{}));
  CHECK(read_one("RandomZoom", {{"height_factor", {-0.2, 0.1}}, {"width_factor", nullptr}}) ==
        Layer(RandomZoom{.height_factor = {-0.2f, 0.1f}}));
  CHECK(read_one("RandomZoom", {{"height_factor", 0.1}, {"width_factor", 0.3}}) ==
        Layer(RandomZoom{.height_factor = {-0.1f, 0.1f}, .width_factor = Range{-0.3f, 0.3f}}));
  // Keras 2 means [1 - f, 1 + f] by one number; Keras 3 always writes two.
  CHECK(read_one("RandomContrast", {{"factor", 0.2}}) == Layer(RandomContrast{.factor = {0.2f, 0.2f}}));
  CHECK(read_one("RandomContrast", {{"factor", {0, 0.2}}, {"value_range", {0, 1}}}) ==
        Layer(RandomContrast{.factor = {0, 0.2f}, .value_range = {0, 1}}));
  CHECK(read_one("RandomBrightness", {{"factor", {-0.1, 0.2}}, {"value_range", {-1, 1}}}) ==
        Layer(RandomBrightness{.factor = {-0.1f, 0.2f}, .value_range = {-1, 1}}));
  CHECK(read_one("RandomCrop", {{"height", 5}, {"width", 7}, {"seed", 647569438}}) ==
        Layer(RandomCrop{.height = 5, .width = 7}));
}

TEST_CASE("the usual value range is not written: Keras 2 knows none for contrast") {
  std::map<std::string, Json> written;
  collect_arguments(Json::parse(to_keras_config(every_layer())), written);
  CHECK_FALSE(written["contrast_255"]["config"].contains("value_range"));
  CHECK(written["contrast"]["config"]["value_range"] == Json::parse("[-1.0,1.0]"));
  CHECK(written["zoom_alike"]["config"]["width_factor"].is_null());
  CHECK(written["turn"]["config"]["factor"].dump() == "[-0.1,0.3]");
}

TEST_CASE("training=False freezes what computes otherwise in training, and the layers around keep theirs") {
  Json model = fixtures().at("nested_keras3")["config"];
  for (Json& layer : model["config"]["layers"]) {
    if (layer["name"] != "base") continue;
    layer["config"]["trainable"] = true;
    for (Json& inner : layer["config"]["layers"]) inner["config"]["trainable"] = true;
  }
  const Graph graph = from_keras_config(model.dump(), "test");
  CHECK_FALSE(graph[graph.find("stem_bn")].trainable);
  CHECK(graph[graph.find("stem")].trainable);
  CHECK(graph[graph.find("logits")].trainable);
}

TEST_CASE("a layer's own default for `training`, which Keras 3 writes into its calls, says nothing") {
  Json model = Json::parse(to_keras_config(every_layer(), KerasForm::keras3));
  for (Json& layer : model["config"]["layers"]) {
    const std::string kind = layer["class_name"];
    if (kind.starts_with("Random")) layer["inbound_nodes"][0]["kwargs"]["training"] = true;
    if (kind == "Dropout") layer["inbound_nodes"][0]["kwargs"]["training"] = false;
  }
  check_equal(every_layer(), from_keras_config(model.dump(), "test"));
}

TEST_CASE("a frozen inner model freezes its layers whatever they say") {
  Json model = fixtures().at("nested_keras3")["config"];
  for (Json& layer : model["config"]["layers"]) {
    if (layer["name"] != "base") continue;
    for (Json& inner : layer["config"]["layers"]) inner["config"]["trainable"] = true;
  }
  const Graph graph = from_keras_config(model.dump(), "test");
  CHECK_FALSE(graph[graph.find("stem")].trainable);
}

TEST_CASE("names of inner models are kept, and told apart where they clash") {
  Json model = fixtures().at("nested_keras2")["config"];
  std::string text = model.dump();
  // The head's Dense takes the name of the base's last convolution.
  for (std::size_t at = 0; (at = text.find("\"logits\"", at)) != std::string::npos;)
    text.replace(at, 8, "\"project\"");
  const Graph graph = from_keras_config(text, "test");
  CHECK(std::holds_alternative<Conv2D>(graph[graph.find("project")].layer));
  CHECK(std::holds_alternative<Dense>(graph[graph.find("head_project")].layer));
}
