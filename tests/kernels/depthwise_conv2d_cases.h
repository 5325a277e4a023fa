#pragma once

#include <vector>

#include "tests/kernels/epilogue_cases.h"

namespace petal::testing {

inline std::vector<Case> depthwise_conv2d_cases() {
  const Padding uneven = Padding::explicitly({.top = 0, .bottom = 1, .left = 2, .right = 1});
  const auto relu = ActivationFunction::relu;
  const auto relu6 = ActivationFunction::relu6;
  std::vector<Case> cases = {
      {"1x1", DepthwiseConv2D{}, {{4, 5, 3}}, 3},
      {"3x3 valid", DepthwiseConv2D{.kernel = {3, 3}}, {{7, 6, 5}}},
      {"3x3 same, one channel", DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same}, {{5, 5, 1}}, 3},
      {"3x3 same, no bias",
       DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .use_bias = false},
       {{7, 7, 32}},
       3},
      {.name = "3x3 same, relu6",
       .layer = DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .activation = relu6},
       .src = {{6, 6, 17}},
       .batch = 3,
       .magnitude = 8},
      {"3x3 same, stride 2, even size",
       DepthwiseConv2D{.kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same},
       {{8, 8, 8}},
       3},
      {"3x3 same, stride 2, odd size, relu",
       DepthwiseConv2D{.kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same, .activation = relu},
       {{9, 7, 8}}},
      {"3x3 same, stride 3",
       DepthwiseConv2D{.kernel = {3, 3}, .strides = {3, 3}, .padding = Padding::same},
       {{10, 8, 5}}},
      {"3x3 same on a 1x1 image",
       DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same},
       {{1, 1, 8}},
       3},
      {"3x3, uneven pads, stride 2",
       DepthwiseConv2D{.kernel = {3, 3}, .strides = {2, 2}, .padding = uneven},
       {{8, 7, 17}},
       3},
      {"3x3 same, dilation 2",
       DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .dilation = {2, 2}},
       {{9, 8, 8}}},
      {"3x3 same, multiplier 2",
       DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .depth_multiplier = 2},
       {{6, 5, 3}},
       3},
      {"3x3 valid, multiplier 2, stride 2, relu",
       DepthwiseConv2D{.kernel = {3, 3}, .strides = {2, 2}, .depth_multiplier = 2, .activation = relu},
       {{9, 9, 8}}},
      {"3x3 same, multiplier 3 of one channel",
       DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .depth_multiplier = 3, .use_bias = false},
       {{5, 5, 1}}},
      {"5x5 same, sigmoid",
       DepthwiseConv2D{.kernel = {5, 5}, .padding = Padding::same, .activation = ActivationFunction::sigmoid},
       {{6, 7, 8}}},
      {"3x5 valid", DepthwiseConv2D{.kernel = {3, 5}}, {{6, 9, 5}}, 3},
      {.name = "3x3 same, residual and relu",
       .layer = DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same, .activation = relu},
       .src = {{5, 5, 8}},
       .batch = 3,
       .residual = true},
  };
  add_epilogues(cases, DepthwiseConv2D{.kernel = {3, 3}, .padding = Padding::same}, {6, 5, 8});
  return cases;
}

}  // namespace petal::testing
