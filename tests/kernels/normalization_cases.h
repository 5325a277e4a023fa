#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> normalization_cases() {
  return {
      {"statistics", Normalization{}, {{4, 5, 3}}, 3},
      {"statistics of a vector", Normalization{}, {{17}}, 2},
      {"one mean for all", Normalization{.by_channel = false}, {{4, 5, 3}}, 2},
      {"constants", Normalization{.mean = {0.5f, -1, 2}, .variance = {4, 0.25f, 1}}, {{4, 5, 3}}, 2},
      {"one constant", Normalization{.mean = {0.5f}, .variance = {0.0625f}}, {{4, 5, 3}}, 2},
      {"a constant for all", Normalization{.by_channel = false, .mean = {2}, .variance = {9}}, {{7}}, 2},
  };
}

}  // namespace petal::testing
