#include <doctest/doctest.h>

#include <cstdint>

#include "io/keras_config.h"
#include "tests/io/keras_config_fixtures.h"

using namespace petal;

namespace {

Json branches() {
  return fixtures().at("branches_keras2")["config"];
}

}  // namespace

TEST_CASE("what Petal lacks is an error that names file, layer, class and option") {
  struct Case {
    std::string class_name;
    Json config;
    std::string expected;
  };
  const Json conv = {{"filters", 2}, {"kernel_size", {3, 3}}};
  const auto conv_with = [&](const std::string& key, const Json& value) {
    Json config = conv;
    config[key] = value;
    return config;
  };
  const std::vector<Case> cases = {
      {"Conv2D", conv_with("data_format", "channels_first"), "Conv2D has data_format \"channels_first\""},
      {"Conv2D", conv_with("padding", "causal"), "Conv2D has padding \"causal\""},
      {"Conv2D", conv_with("activation", "maxout"), "Conv2D: the activation 'maxout'"},
      {"Conv2D", conv_with("strides", {2, 2, 2}), "Conv2D has strides [2,2,2]"},
      {"Conv2D", conv_with("strides", 0), "Conv2D has strides 0"},
      {"Conv2D", conv_with("filters", 2.5), "Conv2D has filters 2.5"},
      {"Conv2D", conv_with("filters", -3), "Conv2D has filters -3"},
      {"Conv2D", conv_with("filters", 1e300), "Conv2D has filters 1e+300"},
      {"Conv2D", conv_with("use_bias", "yes"), "Conv2D has use_bias \"yes\""},
      {"Conv2D", conv_with("groups", 3), "middle"},
      {"Conv2D", conv_with("new_option", 4), "Conv2D has new_option 4"},
      {"Conv2D", {{"kernel_size", 3}}, "Conv2D lacks the option filters"},
      {"Conv2D", {{"filters", 1 << 20}, {"kernel_size", {1 << 20, 1 << 20}}}, "weights"},
      {"Conv2D", conv_with("kernel_size", 99), "middle"},
      {"Dense", {{"units", 4}, {"lora_rank", 2}}, "Dense has lora_rank 2"},
      {"BatchNormalization", {{"axis", 1}}, "BatchNormalization has axis 1"},
      {"BatchNormalization", {{"renorm", true}}, "BatchNormalization has renorm true"},
      {"BatchNormalization", {{"epsilon", 1e300}}, "BatchNormalization has epsilon"},
      {"Concatenate", {{"axis", 2}}, "Concatenate has axis 2"},
      {"Softmax", {{"axis", 1}}, "Softmax has axis 1"},
      {"Dropout", {{"rate", 0.5}, {"noise_shape", {1, 4}}}, "Dropout has noise_shape [1,4]"},
      {"Dropout", {{"rate", 1.5}}, "Dropout has rate 1.5"},
      {"Rescaling", {{"scale", {0.5, 0.5, 0.5}}}, "has 3 numbers for the channels of (8, 8, 4)"},
      {"Reshape", {{"target_shape", {4, 0}}}, "Reshape has target_shape 0"},
      {"ZeroPadding2D", {{"padding", {{1, 1}, {2, 2}, {3, 3}}}}, "ZeroPadding2D has padding"},
      {"RandomFlip", {{"mode", "diagonal"}}, "RandomFlip has mode \"diagonal\""},
      {"RandomRotation", {{"factor", "much"}}, "RandomRotation has factor \"much\""},
      {"RandomRotation", Json::object(), "RandomRotation has factor null"},
      {"RandomRotation", {{"factor", {0.1, 0.2, 0.3}}}, "RandomRotation has factor [0.1,0.2,0.3]"},
      {"RandomRotation", {{"factor", 1e300}}, "RandomRotation has factor 1e+300"},
      {"RandomRotation", {{"factor", 7}}, "factor from -7 to 7"},
      {"RandomRotation",
       {{"factor", 0.1}, {"fill_mode", "mirror"}},
       "RandomRotation has fill_mode \"mirror\""},
      {"RandomZoom", {{"height_factor", 0.1}, {"interpolation", "bicubic"}}, "RandomZoom has interpolation"},
      {"RandomZoom", {{"height_factor", -1}, {"width_factor", "x"}}, "RandomZoom has width_factor"},
      {"RandomTranslation", {{"height_factor", 0.1}}, "RandomTranslation has width_factor null"},
      {"RandomContrast", {{"factor", {0.3, 0.1}}}, "factor from 0.3 to 0.1"},
      {"RandomBrightness", {{"factor", 0.1}, {"value_range", {5, 5}}}, "value_range from 5 to 5"},
      {"RandomCrop", {{"height", 4}}, "RandomCrop lacks the option width"},
      {"RandomCrop", {{"height", 4}, {"width", 0}}, "RandomCrop has width 0"},
      {"RandomFlip", {{"data_format", "channels_first"}}, "RandomFlip has data_format"},
      {"Rescaling", {{"scale", {0.5, "x"}}}, "Rescaling has scale [0.5,\"x\"]"},
      {"Rescaling", {{"scale", Json::array()}}, "Rescaling has scale []"},
      {"SeparableConv2D",
       {{"filters", 2}, {"kernel_size", 3}, {"strides", {1, 2, 1}}},
       "SeparableConv2D has strides"},
      {"SeparableConv2D", {{"filters", 2}, {"kernel_size", {1 << 20, 1 << 20}}}, "weights"},
      {"Conv2DTranspose",
       {{"filters", 2}, {"kernel_size", 3}, {"output_padding", 1}},
       "Conv2DTranspose has output_padding 1"},
      {"UpSampling2D", {{"interpolation", "bicubic"}}, "UpSampling2D has interpolation \"bicubic\""},
      {"UpSampling2D", {{"size", 1 << 20}}, "fits nowhere"},
      {"Resizing", {{"height", 4}}, "Resizing lacks the option width"},
      {"Resizing", {{"height", 4}, {"width", 4}, {"antialias", true}}, "Resizing has antialias true"},
      {"Resizing",
       {{"height", 4}, {"width", 4}, {"crop_to_aspect_ratio", true}},
       "Resizing has crop_to_aspect_ratio true"},
      {"LayerNormalization", {{"axis", 1}}, "LayerNormalization has axis 1"},
      {"LayerNormalization", {{"axis", {3, 2}}}, "LayerNormalization has axis [3,2]"},
      {"LayerNormalization", {{"axis", {0, 1, 2, 3}}}, "LayerNormalization has axis [0,1,2,3]"},
      {"LayerNormalization", {{"axis", Json::array()}}, "normalises 0 dimensions"},
      {"LayerNormalization", {{"rms_scaling", true}}, "LayerNormalization has rms_scaling true"},
      {"Normalization", {{"invert", true}}, "Normalization has invert true"},
      {"Normalization", {{"axis", {2, 3}}}, "Normalization has axis [2,3]"},
      {"Normalization", {{"mean", {1, 2, 3}}, {"variance", {1, 2, 3}}}, "has 3 means"},
      {"Normalization", {{"mean", 1}}, "has 1 means and 0 variances"},
      {"Normalization", {{"mean", 1}, {"variance", -1}}, "Normalization has variance -1"},
      {"Permute", {{"dims", {1, 2}}}, "its dims must be 1 to 3"},
      {"Permute", {{"dims", {1, 1, 2}}}, "its dims must be 1 to 3"},
      {"Permute", {{"dims", {1, 2, 99}}}, "its dims must be 1 to 3"},
      {"Permute", Json::object(), "Permute has dims null"},
      {"Cropping2D", {{"cropping", {{4, 4}, {0, 0}}}}, "its cropping leaves nothing"},
      {"Cropping2D", {{"cropping", -1}}, "Cropping2D has cropping -1"},
      {"Multiply", Json::object(), "takes two inputs or more"},
      {"SpatialDropout2D", {{"rate", 1.0}}, "SpatialDropout2D has rate 1.0"},
      {"GaussianNoise", {{"stddev", 2}}, "stddev 2"},
      {"GetItem", Json::object(), "it takes the part null; Petal has x[..., k]"},
      {"Stack", {{"axis", -1}}, "it stacks what are not single channels"},
      {"LSTM", {{"units", 3}}, "LSTM is not among those that Petal has"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.class_name);
    CAPTURE(one.config.dump());
    const std::string message =
        message_of([&] { from_keras_config(with_layer(one.class_name, one.config), "model.h5"); });
    INFO(message);
    CHECK(message.starts_with("model.h5: "));
    CHECK(contains(message, "middle"));
    CHECK(contains(message, one.expected));
  }
}

TEST_CASE("inputs must be fixed, dense and numbers") {
  const auto message = [](const Json& shape) {
    return message_of([&] { from_keras_config(with_layer("Flatten", Json::object(), shape), "m"); });
  };
  CHECK(contains(message({nullptr, nullptr, nullptr, 3}),
                 "m: layer 'in': its input shape [null,null,null,3] leaves a size open"));
  CHECK(contains(message({nullptr, 8, 0, 3}), "damaged"));
  CHECK(contains(message({nullptr, 1 << 20, 1 << 20, 1 << 20}), "none of a batch of samples"));
  CHECK(contains(message(Json::array({nullptr})), "none of a batch of samples"));
  CHECK(message({32, 8, 8, 3}) == "no error");
  Json ragged = Json::parse(with_layer("Flatten", Json::object()));
  ragged["config"]["layers"][0]["config"]["ragged"] = true;
  CHECK(contains(message_of([&] { from_keras_config(ragged.dump(), "m"); }), "InputLayer has ragged true"));
  Json model = fixtures().at("base_in_sequential_keras3")["config"];
  model["config"]["layers"].erase(0);  // its InputLayer
  model["config"].erase("build_input_shape");
  CHECK(message_of([&] { from_keras_config(model.dump(), "m"); }) == "no error");  // the base says it
}

TEST_CASE("structures that Petal lacks, and damaged ones, are errors") {
  const auto bent = [](const std::function<void(Json&)>& bend) {
    Json model = branches();
    bend(model);
    return message_of([&] { from_keras_config(model.dump(), "m"); });
  };
  const auto layers = [](Json& model) -> Json& { return model["config"]["layers"]; };
  CHECK(bent([](Json&) {}) == "no error");
  CHECK(contains(
      bent([&](Json& m) { layers(m)[2]["inbound_nodes"].push_back(layers(m)[2]["inbound_nodes"][0]); }),
      "is called 2 times"));
  // Called on its own output it is no loop.
  CHECK(contains(bent([&](Json& m) {
                   Json again = layers(m)[2]["inbound_nodes"][0];
                   again[0][0] = layers(m)[2]["name"];
                   layers(m)[2]["inbound_nodes"].push_back(again);
                 }),
                 "is called 2 times"));
  CHECK(contains(bent([&](Json& m) { layers(m)[2]["inbound_nodes"] = Json::array(); }), "is called 0 times"));
  CHECK(
      contains(bent([&](Json& m) { layers(m)[1]["inbound_nodes"][0][0][0] = "ghost"; }), "it reads 'ghost'"));
  CHECK(contains(bent([&](Json& m) { layers(m)[1]["inbound_nodes"][0][0][0] = "sum"; }), "loop"));
  CHECK(contains(bent([&](Json& m) { layers(m)[1]["inbound_nodes"][0][0][2] = 1; }), "output 1 of 'image'"));
  CHECK(contains(bent([&](Json& m) {
                   for (Json& layer : layers(m)) {
                     if (layer["name"] == "norm") layer["inbound_nodes"][0][0][3] = {{"training", true}};
                   }
                 }),
                 "training=true"));
  CHECK(contains(bent([&](Json& m) { layers(m)[2]["name"] = "pad"; }), "two layers have the name 'pad'"));
  CHECK(contains(bent([&](Json& m) { layers(m)[2]["config"]["trainable"] = "no"; }), "trainable is \"no\""));
  CHECK(contains(bent([&](Json& m) { m["config"]["output_layers"][0][0] = "ghost"; }), "ghost"));
  CHECK(contains(bent([&](Json& m) { m["config"]["input_layers"][0][0] = "pad"; }), "no InputLayer"));
  CHECK(contains(bent([&](Json& m) { m["config"].erase("output_layers"); }), "lacks 'output_layers'"));
  CHECK(contains(bent([&](Json& m) { m["config"]["layers"] = 3; }), "'layers' of the config is 3"));
  CHECK(contains(bent([&](Json& m) { m["class_name"] = "MyModel"; }), "class MyModel"));
  CHECK(contains(bent([&](Json& m) { m = 7; }), "m: "));
  CHECK(contains(bent([&](Json& m) { m["config"]["output_layers"] = Json::array(); }), "m: "));
}

TEST_CASE("no text whatever crashes the reader") {
  const std::string whole = branches().dump();
  int refused = 0;
  for (std::size_t length = 0; length < whole.size(); length += 61) {
    refused += message_of([&] {
                 from_keras_config(whole.substr(0, length), "m");
               }).starts_with("m: the config is no JSON");
  }
  CHECK(refused == static_cast<int>((whole.size() + 60) / 61));

  const std::string deep = std::string(1'000'000, '[');
  CHECK(contains(message_of([&] { from_keras_config(deep, "m"); }), "nested deeper"));

  // Bytes exchanged at random, small models in models: an Error or a graph, nothing else.
  const std::string nested = fixtures().at("nested_keras3")["config"].dump();
  std::uint64_t state = 1;
  const auto random = [&](std::size_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state >> 33) % below;
  };
  int errors = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string text = nested;
    const std::size_t from = random(text.size()), to = random(text.size()), length = 1 + random(6);
    text.replace(to, length, text.substr(from, length));
    errors += message_of([&] { from_keras_config(text, "m"); }).starts_with("m: ");
  }
  CHECK(errors > 300);
}
