#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> resizing_cases() {
  const auto nearest = Interpolation::nearest;
  return {
      {"larger", Resizing{.height = 7, .width = 9}, {{4, 5, 3}}, 3},
      {"smaller", Resizing{.height = 3, .width = 4}, {{8, 7, 17}}, 2},
      {"wider and lower", Resizing{.height = 2, .width = 11}, {{5, 4, 8}}, 2},
      {"as it is", Resizing{.height = 4, .width = 5}, {{4, 5, 3}}},
      {"one pixel", Resizing{.height = 1, .width = 1}, {{6, 5, 3}}, 2},
      {"nearest, larger", Resizing{.height = 7, .width = 9, .interpolation = nearest}, {{4, 5, 3}}, 3},
      {"nearest, smaller", Resizing{.height = 3, .width = 4, .interpolation = nearest}, {{8, 7, 17}}, 2},
  };
}

}  // namespace petal::testing
