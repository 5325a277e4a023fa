#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> zero_padding2d_cases() {
  return {
      {"one all round", ZeroPadding2D{.padding = {1, 1, 1, 1}}, {{4, 5, 3}}, 3},
      {"bottom and right", ZeroPadding2D{.padding = {.bottom = 1, .right = 1}}, {{6, 6, 8}}, 3},
      {"three all round", ZeroPadding2D{.padding = {3, 3, 3, 3}}, {{5, 3, 5}}},
      {"all different", ZeroPadding2D{.padding = {0, 1, 2, 3}}, {{2, 3, 17}}},
      {"a 1x1 image", ZeroPadding2D{.padding = {1, 0, 0, 1}}, {{1, 1, 1}}, 3},
      {"nothing", ZeroPadding2D{}, {{3, 3, 8}}},
  };
}

}  // namespace petal::testing
