#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> conv2d_cases() {
  const Padding uneven = Padding::explicitly({.top = 0, .bottom = 1, .left = 2, .right = 1});
  const auto relu = ActivationFunction::relu;
  const auto relu6 = ActivationFunction::relu6;
  const auto sigmoid = ActivationFunction::sigmoid;
  return {
      {"1x1", Conv2D{.filters = 8}, {{5, 5, 3}}},
      {"1x1 on a 1x1 image", Conv2D{.filters = 17}, {{1, 1, 5}}, 3},
      {"1x1, one channel to one", Conv2D{.filters = 1}, {{4, 3, 1}}, 3},
      {"1x1, no bias", Conv2D{.filters = 32, .use_bias = false}, {{7, 7, 17}}, 3},
      {"1x1, stride 2", Conv2D{.filters = 16, .strides = {2, 2}}, {{7, 9, 8}}, 3},
      {"1x1, relu6",
       Conv2D{.filters = 32, .activation = relu6},
       {{6, 6, 32}},
       3,
       false,
       Mode::inference,
       true,
       false,
       4},
      {"1x1, residual", Conv2D{.filters = 8, .use_bias = false}, {{6, 6, 32}}, 3, true},
      {"1x1, residual and relu", Conv2D{.filters = 17, .activation = relu}, {{5, 6, 8}}, 1, true},
      {"3x3 valid", Conv2D{.filters = 5, .kernel = {3, 3}}, {{7, 7, 3}}},
      {"3x3 same", Conv2D{.filters = 8, .kernel = {3, 3}, .padding = Padding::same}, {{7, 6, 5}}, 3},
      {"3x3 same, stride 2, even size",
       Conv2D{
           .filters = 32, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same, .use_bias = false},
       {{8, 8, 3}},
       3},
      {"3x3 same, stride 2, odd size, relu",
       Conv2D{
           .filters = 8, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same, .activation = relu},
       {{9, 7, 3}}},
      {"3x3 same, stride 3",
       Conv2D{.filters = 5, .kernel = {3, 3}, .strides = {3, 3}, .padding = Padding::same},
       {{10, 8, 8}},
       3},
      {"3x3 same on a 1x1 image",
       Conv2D{.filters = 3, .kernel = {3, 3}, .padding = Padding::same},
       {{1, 1, 8}},
       3},
      {"3x3 valid, stride 1 by 2", Conv2D{.filters = 8, .kernel = {3, 3}, .strides = {1, 2}}, {{6, 8, 8}}},
      {"3x3, uneven pads",
       Conv2D{.filters = 8, .kernel = {3, 3}, .padding = uneven, .activation = relu},
       {{6, 5, 8}},
       3},
      {"3x3, uneven pads, stride 2",
       Conv2D{.filters = 17, .kernel = {3, 3}, .strides = {2, 2}, .padding = uneven},
       {{8, 9, 5}}},
      {"3x3 same, residual and relu6",
       Conv2D{.filters = 8, .kernel = {3, 3}, .padding = Padding::same, .activation = relu6},
       {{5, 5, 8}},
       3,
       true,
       Mode::inference,
       true,
       false,
       2},
      {"3x3 same, sigmoid",
       Conv2D{.filters = 3, .kernel = {3, 3}, .padding = Padding::same, .activation = sigmoid},
       {{5, 4, 3}}},
      {"3x3 same, dilation 2",
       Conv2D{.filters = 8, .kernel = {3, 3}, .padding = Padding::same, .dilation = {2, 2}},
       {{9, 8, 5}},
       3},
      {"3x3 valid, dilation 3 by 2", Conv2D{.filters = 5, .kernel = {3, 3}, .dilation = {3, 2}}, {{9, 8, 3}}},
      {"3x3 same, 2 groups",
       Conv2D{.filters = 8, .kernel = {3, 3}, .padding = Padding::same, .groups = 2},
       {{6, 5, 6}},
       3},
      {"3x3 valid, 4 groups, stride 2",
       Conv2D{.filters = 32, .kernel = {3, 3}, .strides = {2, 2}, .groups = 4, .activation = relu},
       {{9, 9, 16}}},
      {"1x1, as many groups as channels",
       Conv2D{.filters = 10, .groups = 5, .use_bias = false},
       {{4, 4, 5}},
       3},
      {"1x7 same",
       Conv2D{.filters = 8, .kernel = {1, 7}, .padding = Padding::same, .use_bias = false},
       {{5, 9, 8}},
       3},
      {"7x1 same", Conv2D{.filters = 5, .kernel = {7, 1}, .padding = Padding::same}, {{9, 5, 3}}},
      {"5x5 same",
       Conv2D{.filters = 3, .kernel = {5, 5}, .padding = Padding::same, .activation = relu},
       {{6, 6, 17}}},
      {"7x7, pads 3, stride 2",
       Conv2D{
           .filters = 16, .kernel = {7, 7}, .strides = {2, 2}, .padding = Padding::explicitly({3, 3, 3, 3})},
       {{14, 14, 3}}},
      {"2x2 same", Conv2D{.filters = 5, .kernel = {2, 2}, .padding = Padding::same}, {{5, 5, 8}}},
      {"kernel as large as the image", Conv2D{.filters = 17, .kernel = {5, 4}}, {{5, 4, 8}}, 3},
      {"stride over the kernel", Conv2D{.filters = 5, .kernel = {2, 2}, .strides = {3, 3}}, {{8, 8, 3}}},
  };
}

}  // namespace petal::testing
