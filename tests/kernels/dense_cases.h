#pragma once

#include <vector>

#include "tests/kernels/epilogue_cases.h"

namespace petal::testing {

inline std::vector<Case> dense_cases() {
  std::vector<Case> cases = {
      {"one to one", Dense{}, {{1}}},
      {"17 to 5", Dense{.units = 5}, {{17}}, 3},
      {"32 to 8, no bias", Dense{.units = 8, .use_bias = false}, {{32}}, 3},
      {"1280 to 5", Dense{.units = 5}, {{1280}}, 3},
      {"8 to 1, sigmoid", Dense{.units = 1, .activation = ActivationFunction::sigmoid}, {{8}}, 3},
      {"5 to 32, relu", Dense{.units = 32, .activation = ActivationFunction::relu}, {{5}}, 32},
      {"300 to 40, seven samples", Dense{.units = 40}, {{300}}, 7},
      {.name = "24 to 16, residual and relu6",
       .layer = Dense{.units = 16, .activation = ActivationFunction::relu6},
       .src = {{24}},
       .batch = 5,
       .residual = true,
       .magnitude = 4},
      {.name = "17 to 17, relu6",
       .layer = Dense{.units = 17, .activation = ActivationFunction::relu6},
       .src = {{17}},
       .batch = 3,
       .magnitude = 8},
      {.name = "8 to 17, residual and relu",
       .layer = Dense{.units = 17, .activation = ActivationFunction::relu},
       .src = {{8}},
       .batch = 3,
       .residual = true},
  };
  add_epilogues(cases, Dense{.units = 11}, {8});
  return cases;
}

}  // namespace petal::testing
