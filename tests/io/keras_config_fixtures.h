#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/error.h"
#include "engine/graph.h"

namespace petal {

using Json = nlohmann::json;

inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Every fixture that make_configs.py wrote.
inline std::map<std::string, Json> fixtures() {
  std::map<std::string, Json> found;
  const std::filesystem::path folder = std::filesystem::path(PETAL_SOURCE) / "tests/golden/configs";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    found[entry.path().stem().string()] = Json::parse(file);
  }
  return found;
}

// A small Keras 2 model to bend: input -> `layer` -> nothing else.
inline std::string with_layer(const std::string& class_name, Json config, Json shape = {nullptr, 8, 8, 4}) {
  config["name"] = "middle";
  const Json input = {{"class_name", "InputLayer"},
                      {"config", {{"batch_input_shape", shape}, {"name", "in"}}},
                      {"name", "in"},
                      {"inbound_nodes", Json::array()}};
  Json middle = {{"class_name", class_name}, {"config", config}, {"name", "middle"}};
  middle["inbound_nodes"] = Json::parse(R"([[["in", 0, 0, {}]]])");
  Json model = {{"class_name", "Functional"}};
  model["config"] = {{"name", "bent"}, {"layers", Json::array({input, middle})}};
  model["config"]["input_layers"] = Json::parse(R"([["in", 0, 0]])");
  model["config"]["output_layers"] = Json::parse(R"([["middle", 0, 0]])");
  return model.dump();
}

// One layer of every class, no option at its default.
inline Graph every_layer(std::int64_t layer_norm_dimensions = 3) {
  GraphBuilder g("every_layer");
  Value x = g.input({19, 23, 4}, "photo");
  x = g.add("rescale", Rescaling{.scale = 1 / 127.5f, .offset = -0.7f}, x);
  x = g.add("flip", RandomFlip{RandomFlip::Mode::vertical}, x);
  x = g.add("turn",
            RandomRotation{.factor = {-0.1f, 0.3f},
                           .fill_mode = FillMode::wrap,
                           .interpolation = Interpolation::nearest,
                           .fill_value = 0.2f},
            x);
  x = g.add("zoom",
            RandomZoom{.height_factor = {-0.2f, 0.1f},
                       .width_factor = Range{0.1f, 0.3f},
                       .fill_mode = FillMode::constant,
                       .fill_value = -0.3f},
            x);
  x = g.add("zoom_alike", RandomZoom{.height_factor = {-0.2f, 0.1f}}, x);
  x = g.add("move",
            RandomTranslation{.height_factor = {0, 0.1f},
                              .width_factor = {-0.7f, 0.3f},
                              .fill_mode = FillMode::nearest,
                              .interpolation = Interpolation::nearest},
            x);
  // Of the photo's size: Keras 3 does not crop in inference.
  x = g.add("crop", RandomCrop{.height = 19, .width = 23}, x);
  x = g.add("contrast", RandomContrast{.factor = {0.1f, 0.2f}, .value_range = {-1, 1}}, x);
  x = g.add("contrast_255", RandomContrast{.factor = {0.3f, 0.3f}}, x);
  x = g.add("brightness", RandomBrightness{.factor = {-0.2f, 0.4f}, .value_range = {-1, 1}}, x);
  x = g.add("pad", ZeroPadding2D{{.top = 1, .bottom = 2, .left = 0, .right = 4}}, x);
  Value a = g.add("conv",
                  Conv2D{.filters = 8,
                         .kernel = {3, 2},
                         .padding = Padding::same,
                         .dilation = {2, 3},
                         .groups = 2,
                         .use_bias = false,
                         .activation = ActivationFunction::relu6,
                         .kernel_regularizer = {.l1 = 0.5f, .l2 = 0.01f}},
                  x);
  Value b = g.add("depthwise",
                  DepthwiseConv2D{.kernel = {5, 3},
                                  .strides = {1, 1},
                                  .padding = Padding::same,
                                  .dilation = {1, 2},
                                  .depth_multiplier = 2,
                                  .activation = ActivationFunction::relu,
                                  .depthwise_regularizer = {.l2 = 1e-4f},
                                  .bias_regularizer = {.l1 = 0.25f}},
                  x);
  x = g.add("add", Add{}, {a, b});
  x = g.add("normalization", Normalization{}, x);
  x = g.add("normalization_constants", Normalization{.mean = {0.5f}, .variance = {2.25f}}, x);
  x = g.add("rescale_channels",
            Rescaling{.scale = PerChannel({1, 0.1f, -1, 2, 1, 1, 1, 0.3f}), .offset = 0.2f}, x);
  x = g.add("separable",
            SeparableConv2D{.filters = 8,
                            .kernel = {3, 2},
                            .padding = Padding::same,
                            .dilation = {2, 2},
                            .depth_multiplier = 2,
                            .activation = ActivationFunction::relu,
                            .depthwise_regularizer = {.l1 = 0.1f},
                            .pointwise_regularizer = {.l2 = 0.2f},
                            .bias_regularizer = {.l1 = 0.3f}},
            x);
  x = g.add("layer_norm",
            LayerNormalization{.dimensions = layer_norm_dimensions, .epsilon = 1e-5f, .center = false}, x);
  x = g.add("layer_norm_channels", LayerNormalization{.scale = false}, x);
  a = g.add("transposed",
            Conv2DTranspose{.filters = 8,
                            .kernel = {3, 2},
                            .strides = {2, 2},
                            .padding = Padding::same,
                            .use_bias = false,
                            .activation = ActivationFunction::sigmoid,
                            .kernel_regularizer = {.l2 = 0.1f}},
            x);
  b = g.add("up", UpSampling2D{.size = {2, 2}, .interpolation = Interpolation::bilinear}, x);
  x = g.add("subtract", Subtract{}, {a, b});
  Value s = g.add("squeeze", GlobalAveragePooling2D{.keepdims = true}, x);
  x = g.add("multiply", Multiply{}, {x, s});
  x = g.add("maximum", Maximum{}, {x, a});
  x = g.add("minimum", Minimum{}, {x, b});
  x = g.add("average", Average{}, {x, a, b});
  x = g.add("resize", Resizing{.height = 22, .width = 27, .interpolation = Interpolation::nearest}, x);
  x = g.add("crop_sides", Cropping2D{{.top = 1, .bottom = 2, .left = 0, .right = 1}}, x);
  x = g.add("permute", Permute{{2, 1, 3}}, x);
  x = g.add("spatial", SpatialDropout2D{0.25f}, x);
  x = g.add("gaussian", GaussianDropout{0.2f}, x);
  x = g.add("noise", GaussianNoise{0.3f}, x);
  x = g.add("activity", ActivityRegularization{.l1 = 0.1f, .l2 = 0.2f}, x);
  x = g.add("norm",
            BatchNormalization{.momentum = 0.9f, .epsilon = 1.001e-5f, .scale = false, .center = false}, x);
  x = g.add("norm_all", BatchNormalization{.momentum = 0.999f}, x);
  x = g.add("relu6", Activation{ActivationFunction::relu6}, x);
  x = g.add("relu", Activation{ActivationFunction::relu}, x);
  x = g.add("sigmoid", Activation{ActivationFunction::sigmoid}, x);
  x = g.add("linear", Activation{ActivationFunction::linear}, x);
  using enum ActivationFunction;
  for (const ActivationFunction function : {leaky_relu, elu, selu, silu, tanh, exponential, softplus,
                                            softsign, gelu, mish, hard_silu, log_softmax}) {
    x = g.add(std::string(to_string(function)), Activation{function}, x);
  }
  x = g.add("limited", ReLU{.max_value = 2.5f, .negative_slope = 0.1f, .threshold = 0.3f}, x);
  x = g.add("leaky", LeakyReLU{0.1f}, x);
  x = g.add("exponential_layer", ELU{0.7f}, x);
  x = g.add("learned", PReLU{.shared_axes = {1, 2}, .alpha_regularizer = {.l2 = 0.01f}}, x);
  a = g.add("largest", MaxPooling2D{.pool = {3, 2}, .strides = {2, 1}, .padding = Padding::same}, x);
  b = g.add("mean", AveragePooling2D{.pool = {2, 3}, .strides = {2, 1}, .padding = Padding::same}, x);
  x = g.add("join", Concatenate{}, {a, b});
  a = g.add("peaks", GlobalMaxPooling2D{.keepdims = true}, x);
  b = g.add("pooled", GlobalAveragePooling2D{.keepdims = true}, x);
  Value c = g.add("flat", Flatten{}, a);
  Value d = g.add("reshaped", Reshape{{4, -1}}, b);
  d = g.add("flat_again", Flatten{}, d);
  x = g.add("features", Concatenate{}, {c, d});
  x = g.add("dropout", Dropout{0.3f}, x);
  Node frozen;
  frozen.name = "hidden";
  frozen.layer = Dense{.units = 7, .use_bias = false, .activation = ActivationFunction::sigmoid};
  frozen.trainable = false;
  x = g.add(frozen, {x});
  x = g.add("probabilities",
            Dense{.units = 3,
                  .activation = ActivationFunction::softmax,
                  .kernel_regularizer = {.l1 = 0.001f},
                  .bias_regularizer = {.l2 = 0.3f}},
            x);
  return std::move(g).build({x});
}

}  // namespace petal
