#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> random_contrast_cases() {
  const auto photo = [](const char* name, const RandomContrast& layer, Shape shape) {
    return Case{.name = name, .layer = layer, .src = {shape}, .batch = 3, .mode = Mode::training};
  };
  const Range centred{-1, 1}, all{1, 1};
  return {photo("-1 to 1", {.factor = all, .value_range = centred}, {33, 40, 3}),
          photo("grey", {.factor = all, .value_range = centred}, {7, 5, 1}),
          photo("many channels", {.factor = all, .value_range = centred}, {3, 2, 13}),
          photo("a pixel", {.factor = all, .value_range = centred}, {1, 1, 3}),
          photo("cut to a narrow range", {.factor = {0, 0.5f}, .value_range = {0, 0.5f}}, {9, 8, 3}),
          {"inference", RandomContrast{.factor = all}, {{5, 4, 3}}, 3}};
}

}  // namespace petal::testing
