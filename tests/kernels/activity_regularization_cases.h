#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> activity_regularization_cases() {
  return {
      {"inference", ActivityRegularization{.l1 = 0.5f, .l2 = 0.25f}, {{4, 5, 8}}, 3},
  };
}

}  // namespace petal::testing
