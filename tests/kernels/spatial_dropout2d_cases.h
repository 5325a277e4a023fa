#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> spatial_dropout2d_cases() {
  return {
      {"inference", SpatialDropout2D{.rate = 0.5f}, {{4, 5, 8}}, 3},
      {.name = "training",
       .layer = SpatialDropout2D{.rate = 0.5f},
       .src = {{4, 5, 17}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "frozen",
       .layer = SpatialDropout2D{.rate = 0.5f},
       .src = {{4, 5, 8}},
       .mode = Mode::training,
       .trainable = false},
  };
}

}  // namespace petal::testing
