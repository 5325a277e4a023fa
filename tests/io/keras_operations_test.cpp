// Operators between layers (`x / 127.5 - 1`), which Keras records as nodes of the model.

#include <doctest/doctest.h>

#include "io/keras_config.h"
#include "tests/io/keras_config_fixtures.h"

using namespace petal;

TEST_CASE("operators that Keras recorded between layers are layers") {
  const auto read = [](const std::string& class_name, const Json& arguments) {
    Json model = Json::parse(with_layer(class_name, Json::object()));
    Json& middle = model["config"]["layers"][1];
    middle["inbound_nodes"] = Json::array({{{"args", arguments}, {"kwargs", Json::object()}}});
    const Graph graph = from_keras_config(model.dump(), "test");
    return graph[graph.find("middle")].layer;
  };
  const Json x = {{"class_name", "__keras_tensor__"},
                  {"config", {{"keras_history", Json::array({"in", 0, 0})}}}};
  const Json mean = {{"class_name", "__tensor__"},
                     {"config", {{"value", {{{{1, 2, 3, 4}}}}}, {"dtype", "float32"}}}};
  const Json std = {{"class_name", "__numpy__"}, {"config", {{"value", {1, 2, 4, 8}}}}};
  CHECK(read("TrueDivide", {x, 127.5}) == Layer(Rescaling{.scale = 1 / 127.5f}));
  CHECK(read("Subtract", {x, 1.0}) == Layer(Rescaling{.offset = -1}));
  CHECK(read("Subtract", {1.0, x}) == Layer(Rescaling{.scale = -1, .offset = 1}));
  CHECK(read("Add", {x, mean}) == Layer(Rescaling{.offset = PerChannel({1, 2, 3, 4})}));
  CHECK(read("Multiply", {2, x}) == Layer(Rescaling{.scale = 2}));
  CHECK(read("TrueDivide", {x, std}) == Layer(Rescaling{.scale = PerChannel({1, 0.5f, 0.25f, 0.125f})}));
  CHECK(read("Negative", Json::array({x})) == Layer(Rescaling{.scale = -1}));
  CHECK(read("Maximum", {x, x}) == Layer(Maximum{}));
  const auto refused = [&](const std::string& class_name, const Json& arguments) {
    return message_of([&] { read(class_name, arguments); });
  };
  CHECK(contains(refused("TrueDivide", {1.0, x}), "'middle': it divides a constant"));
  CHECK(contains(refused("TrueDivide", {x, 0.0}), "'middle': it divides by 0"));
  CHECK(contains(refused("TrueDivide", {x, x}), "TrueDivide is not among those that Petal has"));
  CHECK(contains(refused("Power", {x, 2}), "'middle': Power is called with 2"));
  CHECK(contains(refused("Dense", {x, 2}), "'middle': Dense is called with 2"));
  CHECK(contains(refused("Add", {x, "much"}), "Add is called with \"much\""));
  CHECK(contains(refused("Add", {x, {1, 2, 3}}), "has 3 numbers for the channels"));
  CHECK(contains(refused("Add", {x, 1, 2}), "several constants"));
}

TEST_CASE("channels of an image taken apart and stacked again are a convolution that states its weights") {
  const auto tensor = [](const char* name) {
    return Json{{"class_name", "__keras_tensor__"},
                {"config", {{"keras_history", Json::array({name, 0, 0})}}}};
  };
  const Json ellipsis = {{"class_name", "__ellipsis__"}, {"config", Json::object()}};
  const auto layer = [](const char* class_name, const std::string& name, Json config, const Json& arguments) {
    config["name"] = name;
    const Json call = {{"args", arguments}, {"kwargs", Json::object()}};
    return Json{{"class_name", class_name},
                {"config", config},
                {"name", name},
                {"inbound_nodes", Json::array({call})}};
  };
  const auto item = [&](const char* name, const Json& index) {
    return layer("GetItem", name, Json::object(), {tensor("in"), Json::array({ellipsis, index})});
  };
  const auto read = [&](const Json& first, const Json& second, int axis) {
    Json model = Json::parse(with_layer("Flatten", Json::object()));
    Json& layers = model["config"]["layers"];
    layers[1] = item("a", first);
    layers.push_back(item("b", second));
    const Json both = Json::array({tensor("a"), tensor("b")});
    layers.push_back(layer("Stack", "middle", {{"axis", axis}}, Json::array({both})));
    const Graph graph = from_keras_config(model.dump(), "test");
    return graph[graph.find("middle")];
  };
  const Node stacked = read(3, -4, -1);  // of four channels the last and the first
  CHECK(stacked.shape == Shape{8, 8, 2});
  CHECK_FALSE(stacked.trainable);
  const Initializer kernel{.kind = Initializer::Kind::values, .values = {0, 1, 0, 0, 0, 0, 1, 0}};
  CHECK(stacked.layer == Layer(Conv2D{.filters = 2, .use_bias = false, .kernel_initializer = kernel}));
  const auto refused = [&](const Json& first, int axis) { return message_of([&] { read(first, 0, axis); }); };
  CHECK(contains(refused(1, 0), "'middle': it stacks what are not single channels"));
  CHECK(contains(refused(4, -1), "'a': it takes the part"));
  CHECK(contains(refused("x", -1), "'a': it takes the part"));
}

TEST_CASE("operators that Keras 2 recorded") {
  const auto read = [](const std::string& function, const std::string& call) {
    Json model = Json::parse(with_layer("TFOpLambda", {{"function", function}}));
    model["config"]["layers"][1]["inbound_nodes"] = Json::parse(call);
    const Graph graph = from_keras_config(model.dump(), "test");
    return graph[graph.find("middle")].layer;
  };
  CHECK(read("math.truediv", R"([["in", 0, 0, {"y": 127.5, "name": null}]])") ==
        Layer(Rescaling{.scale = 1 / 127.5f}));
  CHECK(read("math.subtract", R"([["_CONSTANT_VALUE", -1, 1.0, {"y": ["in", 0, 0], "name": null}]])") ==
        Layer(Rescaling{.scale = -1, .offset = 1}));
  CHECK(read("__operators__.add", R"([["in", 0, 0, {"y": ["in", 0, 0], "name": null}]])") == Layer(Add{}));
  CHECK(read("nn.bias_add", R"([["in", 0, 0, {"bias": [1, 2, 3, 4], "data_format": "channels_last"}]])") ==
        Layer(Rescaling{.offset = PerChannel({1, 2, 3, 4})}));
  Json backwards = Json::parse(with_layer("SlicingOpLambda", {{"function", "__operators__.getitem"}}));
  backwards["config"]["layers"][1]["inbound_nodes"] = Json::parse(
      R"([["in", 0, 0, {"slice_spec": [{"class_name": "__ellipsis__"}, {"start": null, "stop": null, "step": -1}]}]])");
  const Graph reversed = from_keras_config(backwards.dump(), "test");
  CHECK(reversed[reversed.find("middle")].shape == Shape{8, 8, 4});
  const auto refused = [&](const std::string& function, const std::string& call) {
    return message_of([&] { read(function, call); });
  };
  CHECK(contains(refused("math.pow", R"([["in", 0, 0, {"y": 2.0}]])"), "it is the operation tf.math.pow"));
  for (const char* call : {"[[]]", "[7]", "[[1, 2, 3]]", R"([["in", "x", 0]])", R"([["in", 0, 0, 7]])",
                           R"([["_CONSTANT_VALUE", -1, 1.0, {}]])", R"([["_CONSTANT_VALUE", -1, 1.0]])"}) {
    CAPTURE(call);
    CHECK(contains(refused("math.add", call), "'middle'"));
  }
}
