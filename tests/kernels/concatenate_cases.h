#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> concatenate_cases() {
  return {
      {"two images", Concatenate{}, {{4, 5, 8}, {4, 5, 8}}, 3},
      {"three images of 3, 17 and 5 channels", Concatenate{}, {{3, 4, 3}, {3, 4, 17}, {3, 4, 5}}, 3},
      {"four images of one channel", Concatenate{}, {{2, 3, 1}, {2, 3, 1}, {2, 3, 1}, {2, 3, 1}}},
      {"two vectors", Concatenate{}, {{17}, {3}}, 3},
  };
}

}  // namespace petal::testing
