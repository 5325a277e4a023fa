#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> batch_normalization_cases() {
  return {
      {"image", BatchNormalization{}, {{5, 4, 8}}, 3},
      {"image of 17 channels, epsilon of ResNet", BatchNormalization{.epsilon = 1.001e-5f}, {{3, 3, 17}}},
      {"one channel", BatchNormalization{}, {{4, 4, 1}}, 3},
      {"1x1 image", BatchNormalization{}, {{1, 1, 32}}},
      {"no gamma", BatchNormalization{.scale = false}, {{4, 5, 5}}, 3},
      {"no beta", BatchNormalization{.center = false}, {{4, 5, 8}}},
      {"neither", BatchNormalization{.scale = false, .center = false}, {{4, 5, 3}}},
      {"vector", BatchNormalization{}, {{17}}, 3},
      {.name = "frozen, in training",
       .layer = BatchNormalization{},
       .src = {{5, 4, 8}},
       .batch = 3,
       .mode = Mode::training,
       .trainable = false},
  };
}

}  // namespace petal::testing
