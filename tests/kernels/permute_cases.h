#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> permute_cases() {
  return {
      {"as it is", Permute{.dims = {1, 2, 3}}, {{3, 4, 5}}, 2},
      {"channels first", Permute{.dims = {3, 1, 2}}, {{3, 4, 5}}, 2},
      {"channels last", Permute{.dims = {2, 3, 1}}, {{5, 3, 4}}, 2},
      {"transposed", Permute{.dims = {2, 1}}, {{40, 33}}, 3},
      {"rows and columns", Permute{.dims = {2, 1, 3}}, {{3, 4, 17}}, 2},
      {"a vector", Permute{.dims = {1}}, {{9}}, 2},
  };
}

}  // namespace petal::testing
