#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> add_cases() {
  return {
      {"two images", Add{}, {{4, 5, 8}, {4, 5, 8}}, 3},
      {"three images", Add{}, {{3, 3, 5}, {3, 3, 5}, {3, 3, 5}}},
      {"two vectors", Add{}, {{17}, {17}}, 3},
      {"two numbers", Add{}, {{1}, {1}}},
  };
}

}  // namespace petal::testing
