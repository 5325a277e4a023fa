#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> cropping2d_cases() {
  return {
      {"every side", Cropping2D{{.top = 1, .bottom = 2, .left = 3, .right = 1}}, {{6, 7, 5}}, 3},
      {"nothing", Cropping2D{}, {{3, 4, 5}}, 2},
      {"to one pixel", Cropping2D{{.top = 2, .bottom = 2, .left = 1, .right = 1}}, {{5, 3, 17}}, 2},
  };
}

}  // namespace petal::testing
