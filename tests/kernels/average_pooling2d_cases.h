#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> average_pooling2d_cases() {
  const Padding uneven = Padding::explicitly({.top = 0, .bottom = 1, .left = 1, .right = 0});
  return {
      {"2x2", AveragePooling2D{}, {{6, 6, 8}}, 3},
      {"2x2 valid, odd size", AveragePooling2D{}, {{7, 5, 3}}},
      {"2x2 same, odd size", AveragePooling2D{.padding = Padding::same}, {{7, 5, 17}}, 3},
      {"3x3 same, stride 2, even size",
       AveragePooling2D{.pool = {3, 3}, .strides = {2, 2}, .padding = Padding::same},
       {{8, 8, 5}},
       3},
      {"3x3 valid, stride 2", AveragePooling2D{.pool = {3, 3}, .strides = {2, 2}}, {{9, 8, 32}}},
      {"3x3 same, stride 1",
       AveragePooling2D{.pool = {3, 3}, .strides = {1, 1}, .padding = Padding::same},
       {{5, 6, 8}},
       3},
      {"3x3 valid, stride 3", AveragePooling2D{.pool = {3, 3}, .strides = {3, 3}}, {{9, 7, 1}}},
      {"3x3 same on a 1x1 image",
       AveragePooling2D{.pool = {3, 3}, .strides = {1, 1}, .padding = Padding::same},
       {{1, 1, 5}},
       3},
      {"2x2, uneven pads", AveragePooling2D{.padding = uneven}, {{6, 6, 8}}},
      {"2x3, stride 1 by 2", AveragePooling2D{.pool = {2, 3}, .strides = {1, 2}}, {{5, 8, 3}}},
      {"2x2, stride 3", AveragePooling2D{.strides = {3, 3}}, {{7, 9, 8}}, 3},
      {"17x16, more elements than a byte numbers",
       AveragePooling2D{.pool = {17, 16}, .strides = {3, 2}},
       {{20, 18, 3}}},
  };
}

}  // namespace petal::testing
