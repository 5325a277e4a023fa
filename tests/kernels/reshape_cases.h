#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> reshape_cases() {
  return {
      {"vector to image", Reshape{.target = {4, 5, 3}}, {{60}}, 3},
      {"with the remainder", Reshape{.target = {1, 1, -1}}, {{17}}},
      {"image to vector", Reshape{.target = {-1}}, {{3, 3, 8}}, 3},
  };
}

}  // namespace petal::testing
