#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> random_brightness_cases() {
  const auto photo = [](const char* name, const RandomBrightness& layer, Shape shape) {
    return Case{.name = name, .layer = layer, .src = {shape}, .batch = 3, .mode = Mode::training};
  };
  const Range centred{-1, 1};
  return {photo("-1 to 1", {.factor = {-1, 1}, .value_range = centred}, {33, 40, 3}),
          photo("darker", {.factor = {-0.5f, -0.1f}, .value_range = centred}, {7, 5, 1}),
          photo("cut to a narrow range", {.factor = {0, 0.5f}, .value_range = {0, 0.5f}}, {9, 8, 2}),
          {"inference", RandomBrightness{.factor = {1, 1}}, {{5, 4, 3}}, 3}};
}

}  // namespace petal::testing
