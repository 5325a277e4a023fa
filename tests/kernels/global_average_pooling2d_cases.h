#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> global_average_pooling2d_cases() {
  return {
      {"7x7", GlobalAveragePooling2D{}, {{7, 7, 32}}, 3},
      {"5x3, 17 channels", GlobalAveragePooling2D{}, {{5, 3, 17}}},
      {"one channel", GlobalAveragePooling2D{}, {{4, 4, 1}}, 3},
      {"1x1", GlobalAveragePooling2D{}, {{1, 1, 8}}, 3},
      {"keepdims", GlobalAveragePooling2D{.keepdims = true}, {{4, 5, 5}}, 3},
  };
}

}  // namespace petal::testing
