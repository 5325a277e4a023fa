#include "models/resnet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "models/layer_names.h"

namespace petal {
namespace {

constexpr std::array depths = {50, 101, 152};

// Bottleneck blocks, conv2 to conv5: each narrows to `filters` and ends in four times as many.
struct Stack {
  std::int64_t filters;
  std::array<int, depths.size()> blocks;
};

// Table 1 of the paper, a column a depth.
constexpr Stack stacks[] = {
    {64, {3, 3, 3}},     // 56 x 56, for an image of 224
    {128, {4, 4, 8}},    // 28 x 28
    {256, {6, 23, 36}},  // 14 x 14
    {512, {3, 3, 3}},    // 7 x 7
};

Value normalize(GraphBuilder& g, const std::string& name, Value x) {
  return g.add(name, BatchNormalization{.momentum = 0.99f, .epsilon = 1.001e-5f}, x);
}

Value relu(GraphBuilder& g, const std::string& name, Value x) {
  return g.add(name, Activation{ActivationFunction::relu}, x);
}

Conv2D pointwise(std::int64_t filters, std::int64_t stride = 1) {
  return {.filters = filters, .strides = {stride, stride}};
}

ZeroPadding2D pad(std::int64_t pixels) {
  return {{.top = pixels, .bottom = pixels, .left = pixels, .right = pixels}};
}

// Version 1: convolution, batch norm, relu, and the sum is activated. The first block of a stack brings its
// shortcut to the new width, and halves the image in all stacks but the first.
Value block(GraphBuilder& g, const std::string& name, std::int64_t filters, std::int64_t stride, bool first,
            Value input) {
  Value shortcut = input;
  if (first) {
    shortcut = g.add(name + "_0_conv", pointwise(4 * filters, stride), input);
    shortcut = normalize(g, name + "_0_bn", shortcut);
  }
  Value x = g.add(name + "_1_conv", pointwise(filters, stride), input);
  x = relu(g, name + "_1_relu", normalize(g, name + "_1_bn", x));
  x = g.add(name + "_2_conv", Conv2D{.filters = filters, .kernel = {3, 3}, .padding = Padding::same}, x);
  x = relu(g, name + "_2_relu", normalize(g, name + "_2_bn", x));
  x = normalize(g, name + "_3_bn", g.add(name + "_3_conv", pointwise(4 * filters), x));
  return relu(g, name + "_out", g.add(name + "_add", Add{}, {shortcut, x}));
}

// Version 2: batch norm, relu, convolution. The last block of a stack halves the image, in all stacks but the
// last; its shortcut takes every other pixel.
Value preactivated_block(GraphBuilder& g, const std::string& name, std::int64_t filters, bool first,
                         const std::string& halving_pool, Value input) {
  const std::int64_t stride = halving_pool.empty() ? 1 : 2;
  const Value active = relu(g, name + "_preact_relu", normalize(g, name + "_preact_bn", input));
  Value shortcut = input;
  if (first) {
    shortcut = g.add(name + "_0_conv", pointwise(4 * filters), active);
  } else if (stride > 1) {
    shortcut = g.add(halving_pool, MaxPooling2D{.pool = {1, 1}, .strides = {stride, stride}}, input);
  }
  Value x = g.add(name + "_1_conv", Conv2D{.filters = filters, .use_bias = false}, active);
  x = relu(g, name + "_1_relu", normalize(g, name + "_1_bn", x));
  x = g.add(name + "_2_pad", pad(1), x);
  x = g.add(name + "_2_conv",
            Conv2D{.filters = filters, .kernel = {3, 3}, .strides = {stride, stride}, .use_bias = false}, x);
  x = relu(g, name + "_2_relu", normalize(g, name + "_2_bn", x));
  x = g.add(name + "_3_conv", pointwise(4 * filters), x);
  return g.add(name + "_out", Add{}, {shortcut, x});
}

Value add_stack(GraphBuilder& g, int number, const Stack& stack, int blocks, Value x) {
  for (int i = 1; i <= blocks; ++i) {
    const std::int64_t stride = i == 1 && number > 2 ? 2 : 1;
    x = block(g, fmt::format("conv{}_block{}", number, i), stack.filters, stride, i == 1, x);
  }
  return x;
}

Value add_preactivated_stack(GraphBuilder& g, int number, const Stack& stack, int blocks, Value x) {
  const std::string pool = numbered("max_pooling2d", number - 2);
  for (int i = 1; i <= blocks; ++i) {
    const bool halves = i == blocks && number < 5;
    x = preactivated_block(g, fmt::format("conv{}_block{}", number, i), stack.filters, i == 1,
                           halves ? pool : "", x);
  }
  return x;
}

// The first convolution and pooling, a quarter of the image's sides.
Value add_stem(GraphBuilder& g, bool normalized, Value x) {
  x = g.add("conv1_pad", pad(3), x);
  x = g.add("conv1_conv", Conv2D{.filters = 64, .kernel = {7, 7}, .strides = {2, 2}}, x);
  if (normalized) x = relu(g, "conv1_relu", normalize(g, "conv1_bn", x));
  x = g.add("pool1_pad", pad(1), x);
  return g.add("pool1_pool", MaxPooling2D{.pool = {3, 3}, .strides = {2, 2}}, x);
}

std::size_t column_of(const ResNet& options) {
  const auto depth = std::ranges::find(depths, options.depth);
  if (depth == depths.end() || (options.version != 1 && options.version != 2)) {
    throw Error("ResNet", fmt::format("there is none of depth {} and version {}; depths are 50, 101 and 152, "
                                      "versions 1 and 2",
                                      options.depth, options.version));
  }
  return static_cast<std::size_t>(depth - depths.begin());
}

}  // namespace

Graph resnet(const ResNet& options) {
  const std::size_t column = column_of(options);
  const bool preactivated = options.version == 2;
  GraphBuilder g(fmt::format("resnet{}{}", options.depth, preactivated ? "v2" : ""));
  Value x = add_stem(g, !preactivated, g.input({options.image_size, options.image_size, 3}));
  int number = 2;
  for (const Stack& stack : stacks) {
    x = (preactivated ? add_preactivated_stack : add_stack)(g, number, stack, stack.blocks[column], x);
    ++number;
  }
  if (preactivated) x = relu(g, "post_relu", normalize(g, "post_bn", x));
  if (options.include_top) {
    x = g.add("avg_pool", GlobalAveragePooling2D{}, x);
    x = g.add("predictions", Dense{.units = options.classes, .activation = ActivationFunction::softmax}, x);
  } else {
    x = add_pooling(g, options.pooling, x, "avg_pool", "max_pool");
  }
  return std::move(g).build({x});
}

}  // namespace petal
