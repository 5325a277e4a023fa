#include "io/keras_config/layers.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/error.h"

namespace petal::keras_config {
namespace {

using Shapes = std::span<const Shape>;

// N counted.
std::size_t rank_of(Shapes src) {
  return src.empty() ? 1 : src[0].rank() + 1;
}

// Weights beyond any memory are refused while their size still fits a number.
void limit_weights(Options& options, Shapes src, Size2D kernel, std::int64_t outputs) {
  const double channels = src.empty() || src[0].rank() == 0 ? 1.0 : static_cast<double>(src[0].back());
  const double elements = static_cast<double>(kernel.height) * static_cast<double>(kernel.width) * channels *
                          static_cast<double>(outputs);
  if (elements > 0x1p36) options.fail("would have " + std::to_string(elements) + " weights");
}

Layer read_conv2d(Options& options, Shapes src) {
  options.require_channels_last();
  Conv2D layer{.filters = options.size("filters"),
               .kernel = options.size2d("kernel_size", {1, 1}),
               .strides = options.size2d("strides", {1, 1}),
               .padding = options.padding(),
               .dilation = options.size2d("dilation_rate", {1, 1}),
               .groups = options.size("groups", 1),
               .use_bias = options.boolean("use_bias", true),
               .activation = options.activation(),
               .kernel_regularizer = options.regularizer("kernel_regularizer"),
               .bias_regularizer = options.regularizer("bias_regularizer")};
  limit_weights(options, src, layer.kernel, layer.filters);
  return layer;
}

Layer read_depthwise_conv2d(Options& options, Shapes src) {
  options.require_channels_last();
  // Keras 2 inherits `groups` from Conv2D and passes over it; the layer has one group a channel always.
  options.size("groups", 1);
  DepthwiseConv2D layer{.kernel = options.size2d("kernel_size", {1, 1}),
                        .strides = options.size2d("strides", {1, 1}),
                        .padding = options.padding(),
                        .dilation = options.size2d("dilation_rate", {1, 1}),
                        .depth_multiplier = options.size("depth_multiplier", 1),
                        .use_bias = options.boolean("use_bias", true),
                        .activation = options.activation(),
                        .depthwise_regularizer = options.regularizer("depthwise_regularizer"),
                        .bias_regularizer = options.regularizer("bias_regularizer")};
  limit_weights(options, src, layer.kernel, layer.depth_multiplier);
  return layer;
}

Layer read_dense(Options& options, Shapes src) {
  Dense layer{.units = options.size("units"),
              .use_bias = options.boolean("use_bias", true),
              .activation = options.activation(),
              .kernel_regularizer = options.regularizer("kernel_regularizer"),
              .bias_regularizer = options.regularizer("bias_regularizer")};
  limit_weights(options, src, {1, 1}, layer.units);
  return layer;
}

Layer read_batch_normalization(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  options.boolean("synchronized", false);  // across devices in training alone
  options.boolean("fused", true);          // how Keras 2 computes it, not what
  options.require_unset("renorm");
  options.require_unset("gamma_regularizer");
  options.require_unset("beta_regularizer");
  options.value("renorm_momentum");  // of renorm alone
  options.value("renorm_clipping");
  return BatchNormalization{.momentum = options.number("momentum", 0.99f),
                            .epsilon = options.number("epsilon", 1e-3f),
                            .scale = options.boolean("scale", true),
                            .center = options.boolean("center", true)};
}

template <class Pooling>
Layer read_pooling(Options& options, Shapes) {
  options.require_channels_last();
  const Size2D pool = options.size2d("pool_size", {2, 2});
  return Pooling{.pool = pool, .strides = options.size2d("strides", pool), .padding = options.padding()};
}

template <class Pooling>
Layer read_global_pooling(Options& options, Shapes) {
  options.require_channels_last();
  return Pooling{.keepdims = options.boolean("keepdims", false)};
}

Layer read_activation(Options& options, Shapes) {
  return Activation{options.activation()};
}

Layer read_relu(Options& options, Shapes) {
  options.require_unset("negative_slope");
  options.require_unset("threshold");
  const float limit = options.number("max_value", INFINITY);
  if (limit == INFINITY) return Activation{ActivationFunction::relu};
  if (limit == 6.0f) return Activation{ActivationFunction::relu6};
  options.fail("has max_value " + shown(options.value("max_value")) + "; Petal has none and 6");
}

Layer read_softmax(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Activation{ActivationFunction::softmax};
}

Layer read_add(Options&, Shapes) {
  return Add{};
}

Layer read_concatenate(Options& options, Shapes src) {
  options.require_last_axis(rank_of(src));
  return Concatenate{};
}

Layer read_zero_padding2d(Options& options, Shapes) {
  options.require_channels_last();
  return ZeroPadding2D{options.padding2d()};
}

Layer read_flatten(Options& options, Shapes) {
  options.require_channels_last();
  return Flatten{};
}

Layer read_reshape(Options& options, Shapes) {
  return Reshape{options.target_shape()};
}

Layer read_dropout(Options& options, Shapes) {
  options.require_unset("noise_shape");
  const float rate = options.number("rate", 0.5f);
  if (rate < 0.0f || rate >= 1.0f)
    options.fail("has rate " + shown(options.value("rate")) + "; expected [0, 1)");
  return Dropout{rate};
}

Layer read_rescaling(Options& options, Shapes) {
  return Rescaling{.scale = options.number("scale", 1.0f), .offset = options.number("offset", 0.0f)};
}

Layer read_random_flip(Options& options, Shapes) {
  options.require_channels_last();
  const Json& mode = options.value("mode");
  using enum RandomFlip::Mode;
  for (const RandomFlip::Mode known : {horizontal, vertical, horizontal_and_vertical}) {
    if (mode == to_string(known)) return RandomFlip{known};
  }
  if (mode.is_null()) return RandomFlip{};
  options.fail("has mode " + shown(mode) + "; expected horizontal, vertical or horizontal_and_vertical");
}

// Keras sorts the two.
Range ascending(const Range& range) {
  return {std::min(range.lower, range.upper), std::max(range.lower, range.upper)};
}

Range amount(Options& options, const std::string& key) {
  return ascending(options.range(key, Range::around_zero));
}

Layer read_random_rotation(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  return RandomRotation{amount(options, "factor"), sampling.fill_mode, sampling.interpolation,
                        sampling.fill_value};
}

Layer read_random_zoom(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  std::optional<Range> width;
  if (!options.value("width_factor").is_null()) width = amount(options, "width_factor");
  return RandomZoom{amount(options, "height_factor"), width, sampling.fill_mode, sampling.interpolation,
                    sampling.fill_value};
}

Layer read_random_translation(Options& options, Shapes) {
  options.require_channels_last();
  const Sampling sampling = options.sampling();
  return RandomTranslation{amount(options, "height_factor"), amount(options, "width_factor"),
                           sampling.fill_mode, sampling.interpolation, sampling.fill_value};
}

Layer read_random_crop(Options& options, Shapes) {
  options.require_channels_last();
  return RandomCrop{.height = options.size("height"), .width = options.size("width")};
}

// Keras 3 writes a pair always; a single number is Keras 2's, who means both sides of 1 by it and cuts to
// 0..255.
Layer read_random_contrast(Options& options, Shapes) {
  options.require_channels_last();
  const auto both = [](float factor) { return Range{factor, factor}; };
  const Range factor = options.range("factor", both);
  return RandomContrast{factor, options.range("value_range", both, RandomContrast{}.value_range)};
}

Layer read_random_brightness(Options& options, Shapes) {
  options.require_channels_last();
  const Range factor = amount(options, "factor");
  return RandomBrightness{
      factor, ascending(options.range("value_range", Range::around_zero, RandomBrightness{}.value_range))};
}

using Read = Layer (*)(Options&, Shapes);

const std::map<std::string, Read, std::less<>> readers = {
    {"Conv2D", read_conv2d},
    {"DepthwiseConv2D", read_depthwise_conv2d},
    {"Dense", read_dense},
    {"BatchNormalization", read_batch_normalization},
    {"MaxPooling2D", read_pooling<MaxPooling2D>},
    {"AveragePooling2D", read_pooling<AveragePooling2D>},
    {"GlobalAveragePooling2D", read_global_pooling<GlobalAveragePooling2D>},
    {"GlobalMaxPooling2D", read_global_pooling<GlobalMaxPooling2D>},
    {"Activation", read_activation},
    {"ReLU", read_relu},
    {"Softmax", read_softmax},
    {"Add", read_add},
    {"Concatenate", read_concatenate},
    {"ZeroPadding2D", read_zero_padding2d},
    {"Flatten", read_flatten},
    {"Reshape", read_reshape},
    {"Dropout", read_dropout},
    {"Rescaling", read_rescaling},
    {"RandomFlip", read_random_flip},
    {"RandomRotation", read_random_rotation},
    {"RandomZoom", read_random_zoom},
    {"RandomTranslation", read_random_translation},
    {"RandomCrop", read_random_crop},
    {"RandomContrast", read_random_contrast},
    {"RandomBrightness", read_random_brightness},
};

// tf.keras 1.x and 2.x named the current batch normalisation by its version at times.
std::string current_name(const std::string& class_name) {
  if (class_name == "BatchNormalizationV1" || class_name == "BatchNormalizationV2")
    return "BatchNormalization";
  return class_name;
}

}  // namespace

Layer read_layer(const std::string& class_name, const Json& config, const std::string& where, Shapes src) {
  const auto reader = readers.find(current_name(class_name));
  if (reader == readers.end()) {
    std::string known;
    for (const auto& [name, read] : readers) known += (known.empty() ? "" : ", ") + name;
    throw Error(where, "its class " + class_name + " is not among those that Petal has: " + known);
  }
  Options options(config, where, class_name);
  Layer layer = reader->second(options, src);
  options.require_unset("activity_regularizer");
  options.finish();
  return layer;
}

}  // namespace petal::keras_config
