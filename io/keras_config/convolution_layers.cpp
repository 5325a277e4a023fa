#include "io/keras_config/families.h"

namespace petal::keras_config {
namespace {

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

Layer read_separable_conv2d(Options& options, Shapes src) {
  options.require_channels_last();
  options.size("groups", 1);  // as of DepthwiseConv2D
  SeparableConv2D layer{.filters = options.size("filters"),
                        .kernel = options.size2d("kernel_size", {1, 1}),
                        .strides = options.size2d("strides", {1, 1}),
                        .padding = options.padding(),
                        .dilation = options.size2d("dilation_rate", {1, 1}),
                        .depth_multiplier = options.size("depth_multiplier", 1),
                        .use_bias = options.boolean("use_bias", true),
                        .activation = options.activation(),
                        .depthwise_regularizer = options.regularizer("depthwise_regularizer"),
                        .pointwise_regularizer = options.regularizer("pointwise_regularizer"),
                        .bias_regularizer = options.regularizer("bias_regularizer")};
  // Keras 2 writes those of the Conv2D that it inherits from, and passes over them.
  options.value("kernel_regularizer");
  limit_weights(options, src, layer.kernel, layer.depth_multiplier);
  limit_weights(options, src, {layer.depth_multiplier, 1}, layer.filters);
  return layer;
}

Layer read_conv2d_transpose(Options& options, Shapes src) {
  options.require_channels_last();
  options.require_unset("output_padding");
  options.size("groups", 1);  // Keras 2 passes over it
  Conv2DTranspose layer{.filters = options.size("filters"),
                        .kernel = options.size2d("kernel_size", {1, 1}),
                        .strides = options.size2d("strides", {1, 1}),
                        .padding = options.padding(),
                        .dilation = options.size2d("dilation_rate", {1, 1}),
                        .use_bias = options.boolean("use_bias", true),
                        .activation = options.activation(),
                        .kernel_regularizer = options.regularizer("kernel_regularizer"),
                        .bias_regularizer = options.regularizer("bias_regularizer")};
  limit_weights(options, src, layer.kernel, layer.filters);
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

}  // namespace

Readers convolution_readers() {
  return {
      {"Conv2D", read_conv2d},
      {"DepthwiseConv2D", read_depthwise_conv2d},
      {"SeparableConv2D", read_separable_conv2d},
      {"Conv2DTranspose", read_conv2d_transpose},
      {"Dense", read_dense},
  };
}

Description describe(const Conv2D& layer, const Node& node) {
  return Description{"Conv2D",
                     {{"filters", layer.filters},
                      {"kernel_size", pair(layer.kernel)},
                      {"strides", pair(layer.strides)},
                      {"padding", padding_name(node, layer.padding)},
                      {"data_format", "channels_last"},
                      {"dilation_rate", pair(layer.dilation)},
                      {"groups", layer.groups},
                      {"activation", to_string(layer.activation)},
                      {"use_bias", layer.use_bias}}}
      .with("kernel_regularizer", layer.kernel_regularizer)
      .with("bias_regularizer", layer.bias_regularizer);
}

// Without `groups`, which Keras 2 writes and Keras 3 refuses.
Description describe(const DepthwiseConv2D& layer, const Node& node) {
  return Description{"DepthwiseConv2D",
                     {{"kernel_size", pair(layer.kernel)},
                      {"strides", pair(layer.strides)},
                      {"padding", padding_name(node, layer.padding)},
                      {"data_format", "channels_last"},
                      {"dilation_rate", pair(layer.dilation)},
                      {"activation", to_string(layer.activation)},
                      {"use_bias", layer.use_bias},
                      {"depth_multiplier", layer.depth_multiplier}}}
      .with("depthwise_regularizer", layer.depthwise_regularizer)
      .with("bias_regularizer", layer.bias_regularizer);
}

Description describe(const SeparableConv2D& layer, const Node& node) {
  return Description{"SeparableConv2D",
                     {{"filters", layer.filters},
                      {"kernel_size", pair(layer.kernel)},
                      {"strides", pair(layer.strides)},
                      {"padding", padding_name(node, layer.padding)},
                      {"data_format", "channels_last"},
                      {"dilation_rate", pair(layer.dilation)},
                      {"depth_multiplier", layer.depth_multiplier},
                      {"activation", to_string(layer.activation)},
                      {"use_bias", layer.use_bias}}}
      .with("depthwise_regularizer", layer.depthwise_regularizer)
      .with("pointwise_regularizer", layer.pointwise_regularizer)
      .with("bias_regularizer", layer.bias_regularizer);
}

Description describe(const Conv2DTranspose& layer, const Node& node) {
  return Description{"Conv2DTranspose",
                     {{"filters", layer.filters},
                      {"kernel_size", pair(layer.kernel)},
                      {"strides", pair(layer.strides)},
                      {"padding", padding_name(node, layer.padding)},
                      {"data_format", "channels_last"},
                      {"dilation_rate", pair(layer.dilation)},
                      {"activation", to_string(layer.activation)},
                      {"use_bias", layer.use_bias}}}
      .with("kernel_regularizer", layer.kernel_regularizer)
      .with("bias_regularizer", layer.bias_regularizer);
}

Description describe(const Dense& layer, const Node&) {
  return Description{
      "Dense",
      {{"units", layer.units}, {"activation", to_string(layer.activation)}, {"use_bias", layer.use_bias}}}
      .with("kernel_regularizer", layer.kernel_regularizer)
      .with("bias_regularizer", layer.bias_regularizer);
}

}  // namespace petal::keras_config
