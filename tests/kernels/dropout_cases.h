#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> dropout_cases() {
  return {
      {.name = "half, training",
       .layer = Dropout{.rate = 0.5f},
       .src = {{64}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "a fifth of an image, training",
       .layer = Dropout{.rate = 0.2f},
       .src = {{5, 4, 17}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "a thousandth, training",
       .layer = Dropout{.rate = 1e-3f},
       .src = {{1280}},
       .batch = 3,
       .mode = Mode::training},
      {.name = "none, training", .layer = Dropout{.rate = 0}, .src = {{5}}, .mode = Mode::training},
      {"inference", Dropout{.rate = 0.5f}, {{1280}}, 3},
  };
}

}  // namespace petal::testing
