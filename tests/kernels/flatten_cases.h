#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> flatten_cases() {
  return {
      {"image", Flatten{}, {{4, 5, 3}}, 3},
      {"vector", Flatten{}, {{17}}},
      {"1x1 image", Flatten{}, {{1, 1, 8}}, 3},
  };
}

}  // namespace petal::testing
