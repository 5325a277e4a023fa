#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> gaussian_noise_cases() {
  return {
      {"inference", GaussianNoise{.stddev = 0.5f}, {{4, 5, 8}}, 3},
      {.name = "training",
       .layer = GaussianNoise{.stddev = 0.5f},
       .src = {{4, 5, 17}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "frozen",
       .layer = GaussianNoise{.stddev = 0.5f},
       .src = {{9}},
       .batch = 2,
       .mode = Mode::training,
       .trainable = false},
  };
}

}  // namespace petal::testing
