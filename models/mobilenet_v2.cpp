#include "models/mobilenet_v2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace petal {
namespace {

// One inverted residual: expand by `expansion`, convolve each channel, project to `channels`.
struct Block {
  std::int64_t expansion;
  std::int64_t channels;  // at alpha 1
  std::int64_t stride;
};

// Table 2 of the paper, one row a block.
// clang-format off
constexpr Block blocks[] = {
    {1, 16, 1},                                          // 112 x 112, for an image of 224
    {6, 24, 2}, {6, 24, 1},                              // 56 x 56
    {6, 32, 2}, {6, 32, 1}, {6, 32, 1},                  // 28 x 28
    {6, 64, 2}, {6, 64, 1}, {6, 64, 1}, {6, 64, 1},      // 14 x 14
    {6, 96, 1}, {6, 96, 1}, {6, 96, 1},                  // 14 x 14
    {6, 160, 2}, {6, 160, 1}, {6, 160, 1},               // 7 x 7
    {6, 320, 1},                                         // 7 x 7
};
// clang-format on

// Keras's _make_divisible: the nearest multiple of 8, at least 8, and never more than a tenth below.
std::int64_t divisible_by_8(double channels) {
  const std::int64_t rounded = std::max<std::int64_t>(8, static_cast<std::int64_t>(channels + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * channels ? rounded + 8 : rounded;
}

Value normalize(GraphBuilder& g, const std::string& name, Value x) {
  return g.add(name, BatchNormalization{.momentum = 0.999f, .epsilon = 1e-3f}, x);
}

Value relu6(GraphBuilder& g, const std::string& name, Value x) {
  return g.add(name, Activation{.function = ActivationFunction::relu6}, x);
}

// What Keras's correct_pad puts around an image so that a 3 x 3 window with stride 2 and no padding of its
// own covers it as `same` would: the row on top (the column on the left) only where the size is odd.
Padding2D padding_for_stride_2(const Shape& image) {
  return {.top = image[0] % 2, .bottom = 1, .left = image[1] % 2, .right = 1};
}

Value pointwise(GraphBuilder& g, const std::string& name, std::int64_t filters, Value x) {
  return g.add(name, Conv2D{.filters = filters, .padding = Padding::same, .use_bias = false}, x);
}

Value depthwise(GraphBuilder& g, const std::string& prefix, std::int64_t stride, Value x) {
  if (stride == 2) x = g.add(prefix + "pad", ZeroPadding2D{padding_for_stride_2(g.shape(x))}, x);
  x = g.add(prefix + "depthwise",
            DepthwiseConv2D{.kernel = {3, 3},
                            .strides = {stride, stride},
                            .padding = stride == 1 ? Padding::same : Padding::valid,
                            .use_bias = false},
            x);
  x = normalize(g, prefix + "depthwise_BN", x);
  return relu6(g, prefix + "depthwise_relu", x);
}

Value inverted_residual(GraphBuilder& g, const std::string& prefix, const Block& block, double alpha,
                        Value input) {
  const std::int64_t input_channels = g.shape(input).back();
  Value x = input;
  if (block.expansion > 1) {
    x = pointwise(g, prefix + "expand", block.expansion * input_channels, x);
    x = normalize(g, prefix + "expand_BN", x);
    x = relu6(g, prefix + "expand_relu", x);
  }
  x = depthwise(g, prefix, block.stride, x);

  // Keras cuts the scaled width to an integer before it rounds.
  const std::int64_t channels = divisible_by_8(std::floor(static_cast<double>(block.channels) * alpha));
  x = pointwise(g, prefix + "project", channels, x);
  x = normalize(g, prefix + "project_BN", x);
  if (block.stride == 1 && channels == input_channels) x = g.add(prefix + "add", Add{}, {input, x});
  return x;
}

}  // namespace

Graph mobilenet_v2(const MobileNetV2& options) {
  const double alpha = options.alpha;
  GraphBuilder g(fmt::format("mobilenetv2_{:.2f}_{}", alpha, options.image_size));
  Value x = g.input({options.image_size, options.image_size, 3});

  x = g.add("Conv1",
            Conv2D{.filters = divisible_by_8(32 * alpha),
                   .kernel = {3, 3},
                   .strides = {2, 2},
                   .padding = Padding::same,
                   .use_bias = false},
            x);
  x = normalize(g, "bn_Conv1", x);
  x = relu6(g, "Conv1_relu", x);

  int number = 0;
  for (const Block& block : blocks) {
    const std::string prefix = number == 0 ? "expanded_conv_" : fmt::format("block_{}_", number);
    x = inverted_residual(g, prefix, block, alpha, x);
    ++number;
  }

  // The last width grows with alpha but never shrinks below the paper's.
  const std::int64_t features = alpha > 1 ? divisible_by_8(1280 * alpha) : 1280;
  x = g.add("Conv_1", Conv2D{.filters = features, .use_bias = false}, x);
  x = normalize(g, "Conv_1_bn", x);
  x = relu6(g, "out_relu", x);

  if (options.include_top) {
    x = g.add("global_average_pooling2d", GlobalAveragePooling2D{}, x);
    x = g.add("predictions", Dense{.units = options.classes, .activation = ActivationFunction::softmax}, x);
  } else {
    x = add_pooling(g, options.pooling, x);
  }
  return std::move(g).build({x});
}

}  // namespace petal
