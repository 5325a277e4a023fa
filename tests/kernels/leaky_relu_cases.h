#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> leaky_relu_cases() {
  const auto of = [](const char* name, float slope, Shape src) {
    return Case{.name = name, .layer = LeakyReLU{slope}, .src = {src}, .batch = 3, .magnitude = 4};
  };
  return {
      of("Keras's slope", 0.3f, {5, 4, 8}), of("a slope of 0", 0.0f, {17}),
      of("a slope above 1", 1.5f, {7, 3}),  of("a negative slope", -0.5f, {4, 4, 3}),
      of("one element", 0.1f, {1}),         of("many elements", 0.1f, {41, 43, 5}),
  };
}

}  // namespace petal::testing
