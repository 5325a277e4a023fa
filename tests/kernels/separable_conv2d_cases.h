#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> separable_conv2d_cases() {
  const auto relu = ActivationFunction::relu;
  const Padding uneven = Padding::explicitly({.top = 0, .bottom = 1, .left = 2, .right = 1});
  return {
      {"1x1", SeparableConv2D{.filters = 5}, {{4, 5, 3}}, 3},
      {"3x3 valid", SeparableConv2D{.filters = 8, .kernel = {3, 3}}, {{7, 6, 5}}},
      {"3x3 same, no bias",
       SeparableConv2D{.filters = 32, .kernel = {3, 3}, .padding = Padding::same, .use_bias = false},
       {{7, 7, 16}},
       3},
      {.name = "3x3 same, relu6",
       .layer = SeparableConv2D{.filters = 9,
                                .kernel = {3, 3},
                                .padding = Padding::same,
                                .activation = ActivationFunction::relu6},
       .src = {{6, 6, 17}},
       .batch = 3,
       .magnitude = 8},
      {"3x3 same, stride 2, relu",
       SeparableConv2D{
           .filters = 4, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same, .activation = relu},
       {{8, 9, 8}},
       2},
      {"3x3, uneven pads, stride 2",
       SeparableConv2D{.filters = 3, .kernel = {3, 3}, .strides = {2, 2}, .padding = uneven},
       {{8, 7, 17}},
       3},
      {"3x3 same, dilation 2",
       SeparableConv2D{.filters = 6, .kernel = {3, 3}, .padding = Padding::same, .dilation = {2, 2}},
       {{9, 8, 8}}},
      {"3x3 same, multiplier 2",
       SeparableConv2D{.filters = 7, .kernel = {3, 3}, .padding = Padding::same, .depth_multiplier = 2},
       {{6, 5, 3}},
       3},
      {"3x3 valid, multiplier 3, sigmoid",
       SeparableConv2D{
           .filters = 2, .kernel = {3, 3}, .depth_multiplier = 3, .activation = ActivationFunction::sigmoid},
       {{5, 5, 2}},
       2},
      {.name = "3x3 same, residual and relu",
       .layer = SeparableConv2D{.filters = 8, .kernel = {3, 3}, .padding = Padding::same, .activation = relu},
       .src = {{5, 5, 8}},
       .batch = 3,
       .residual = true},
  };
}

}  // namespace petal::testing
