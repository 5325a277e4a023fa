#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> gaussian_dropout_cases() {
  return {
      {"inference", GaussianDropout{.rate = 0.3f}, {{4, 5, 8}}, 3},
      {.name = "training",
       .layer = GaussianDropout{.rate = 0.3f},
       .src = {{4, 5, 17}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "frozen",
       .layer = GaussianDropout{.rate = 0.3f},
       .src = {{9}},
       .batch = 2,
       .mode = Mode::training,
       .trainable = false},
  };
}

}  // namespace petal::testing
