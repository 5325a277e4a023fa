#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> relu_cases() {
  const auto of = [](const char* name, ReLU layer, Shape src) {
    return Case{.name = name, .layer = layer, .src = {src}, .batch = 3, .magnitude = 4};
  };
  return {
      of("plain", {}, {5, 4, 8}),
      of("a limit of 1", {.max_value = 1}, {5, 4, 8}),
      of("a slope", {.negative_slope = 0.25f}, {17}),
      of("a threshold", {.threshold = 1.5f}, {7, 5, 3}),
      of("all three", {.max_value = 2.5f, .negative_slope = 0.125f, .threshold = 0.75f}, {3, 3, 17}),
      of("a threshold above the limit", {.max_value = 1, .negative_slope = 0.5f, .threshold = 2}, {33}),
      of("a limit of 0", {.max_value = 0, .negative_slope = 0.5f}, {9}),
      of("many elements", {.max_value = 3, .negative_slope = 0.1f}, {41, 43, 5}),
  };
}

}  // namespace petal::testing
