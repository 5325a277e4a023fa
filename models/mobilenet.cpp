#include "models/mobilenet.h"

#include <fmt/format.h>

namespace petal {
namespace {

// One depthwise separable convolution: 3 x 3 on each channel, then 1 x 1 to `channels`.
struct Block {
  std::int64_t channels;  // at alpha 1
  std::int64_t stride;
};

// Table 1 of the paper, two of its rows a block.
// clang-format off
constexpr Block blocks[] = {
    {64, 1},                                             // 112 x 112, for an image of 224
    {128, 2}, {128, 1},                                  // 56 x 56
    {256, 2}, {256, 1},                                  // 28 x 28
    {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1},  // 14 x 14
    {1024, 2}, {1024, 1},                                // 7 x 7
};
// clang-format on

// Keras cuts the scaled width to an integer.
std::int64_t scaled(std::int64_t channels, float alpha) {
  return static_cast<std::int64_t>(static_cast<double>(channels) * static_cast<double>(alpha));
}

Value normalized_relu6(GraphBuilder& g, const std::string& name, Value x) {
  x = g.add(name + "_bn", BatchNormalization{.momentum = 0.99f, .epsilon = 1e-3f}, x);
  return g.add(name + "_relu", Activation{ActivationFunction::relu6}, x);
}

Value separable(GraphBuilder& g, int number, const Block& block, float alpha, Value x) {
  const bool halves = block.stride == 2;
  if (halves) x = g.add(fmt::format("conv_pad_{}", number), ZeroPadding2D{{.bottom = 1, .right = 1}}, x);
  const std::string depthwise = fmt::format("conv_dw_{}", number);
  x = g.add(depthwise,
            DepthwiseConv2D{.kernel = {3, 3},
                            .strides = {block.stride, block.stride},
                            .padding = halves ? Padding::valid : Padding::same,
                            .use_bias = false},
            x);
  x = normalized_relu6(g, depthwise, x);
  const std::string pointwise = fmt::format("conv_pw_{}", number);
  x = g.add(pointwise,
            Conv2D{.filters = scaled(block.channels, alpha), .padding = Padding::same, .use_bias = false}, x);
  return normalized_relu6(g, pointwise, x);
}

// Keras's head is a convolution over the one pixel that pooling leaves.
Value add_top(GraphBuilder& g, std::int64_t classes, Value x) {
  x = g.add("global_average_pooling2d", GlobalAveragePooling2D{.keepdims = true}, x);
  x = g.add("dropout", Dropout{.rate = 1e-3f}, x);
  x = g.add("conv_preds", Conv2D{.filters = classes, .padding = Padding::same}, x);
  x = g.add("reshape_2", Reshape{{classes}}, x);
  return g.add("predictions", Activation{ActivationFunction::softmax}, x);
}

}  // namespace

Graph mobilenet(const MobileNet& options) {
  GraphBuilder g(fmt::format("mobilenet_{:.2f}_{}", options.alpha, options.image_size));
  Value x = g.input({options.image_size, options.image_size, 3});
  x = g.add("conv1",
            Conv2D{.filters = scaled(32, options.alpha),
                   .kernel = {3, 3},
                   .strides = {2, 2},
                   .padding = Padding::same,
                   .use_bias = false},
            x);
  x = normalized_relu6(g, "conv1", x);
  int number = 0;
  for (const Block& block : blocks) x = separable(g, ++number, block, options.alpha, x);
  x = options.include_top ? add_top(g, options.classes, x) : add_pooling(g, options.pooling, x);
  return std::move(g).build({x});
}

}  // namespace petal
