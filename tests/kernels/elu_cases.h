#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> elu_cases() {
  const auto of = [](const char* name, float alpha, Shape src) {
    return Case{.name = name, .layer = ELU{alpha}, .src = {src}, .batch = 3, .magnitude = 4};
  };
  return {
      of("Keras's alpha", 1.0f, {5, 4, 8}), of("alpha 0.5", 0.5f, {17}),        of("alpha 2", 2.0f, {7, 3}),
      of("alpha 0", 0.0f, {4, 4, 3}),       of("alpha -1.5", -1.5f, {4, 4, 3}), of("one element", 0.1f, {1}),
  };
}

}  // namespace petal::testing
