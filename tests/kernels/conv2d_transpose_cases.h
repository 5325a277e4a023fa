#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> conv2d_transpose_cases() {
  const auto relu = ActivationFunction::relu;
  return {
      {"1x1", Conv2DTranspose{.filters = 5}, {{4, 5, 3}}, 3},
      {"3x3 valid", Conv2DTranspose{.filters = 8, .kernel = {3, 3}}, {{4, 5, 5}}, 2},
      {"3x3 same, no bias",
       Conv2DTranspose{.filters = 16, .kernel = {3, 3}, .padding = Padding::same, .use_bias = false},
       {{5, 4, 8}},
       2},
      {"2x2 valid, stride 2, relu",
       Conv2DTranspose{.filters = 4, .kernel = {2, 2}, .strides = {2, 2}, .activation = relu},
       {{4, 3, 6}},
       3},
      {"3x3 same, stride 2",
       Conv2DTranspose{.filters = 3, .kernel = {3, 3}, .strides = {2, 2}, .padding = Padding::same},
       {{4, 5, 7}},
       2},
      {"4x4 same, stride 2, sigmoid",
       Conv2DTranspose{.filters = 2,
                       .kernel = {4, 4},
                       .strides = {2, 2},
                       .padding = Padding::same,
                       .activation = ActivationFunction::sigmoid},
       {{3, 3, 8}}},
      {"a stride beyond the kernel",
       Conv2DTranspose{.filters = 3, .kernel = {1, 2}, .strides = {2, 3}, .padding = Padding::same},
       {{3, 2, 2}},
       2},
      {"a stride beyond the kernel, valid",
       Conv2DTranspose{.filters = 3, .kernel = {1, 2}, .strides = {2, 3}},
       {{3, 2, 2}},
       2},
      {"3x3 valid, dilation 2",
       Conv2DTranspose{.filters = 4, .kernel = {3, 3}, .dilation = {2, 2}},
       {{4, 5, 3}},
       2},
      {.name = "3x3 same, residual and relu",
       .layer = Conv2DTranspose{.filters = 8, .kernel = {3, 3}, .padding = Padding::same, .activation = relu},
       .src = {{5, 5, 8}},
       .batch = 3,
       .residual = true},
  };
}

}  // namespace petal::testing
