#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> layer_normalization_cases() {
  return {
      {"a vector", LayerNormalization{}, {{17}}, 3},
      {.name = "an image", .layer = LayerNormalization{}, .src = {{5, 4, 8}}, .batch = 2, .magnitude = 4},
      {"rows of 100", LayerNormalization{.epsilon = 1e-5f}, {{3, 3, 100}}, 2},
      {"many rows", LayerNormalization{}, {{17, 13, 6}}, 3},
      {"no gamma", LayerNormalization{.scale = false}, {{4, 4, 7}}, 2},
      {"no beta", LayerNormalization{.center = false}, {{4, 4, 7}}, 2},
      {"neither", LayerNormalization{.scale = false, .center = false}, {{4, 4, 7}}, 2},
      {"two dimensions", LayerNormalization{.dimensions = 2}, {{3, 4, 5}}, 2},
      {"all dimensions", LayerNormalization{.dimensions = 3}, {{3, 4, 5}}, 3},
      {"one channel", LayerNormalization{}, {{3, 3, 1}}, 2},
  };
}

}  // namespace petal::testing
