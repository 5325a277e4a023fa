#pragma once

#include <string>
#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

// Every function, by its place in the enumeration.
inline std::vector<ActivationFunction> activation_functions() {
  std::vector<ActivationFunction> functions;
  for (int i = 0; i <= static_cast<int>(ActivationFunction::log_softmax); ++i) {
    functions.push_back(static_cast<ActivationFunction>(i));
  }
  return functions;
}

inline std::vector<Case> activation_cases() {
  std::vector<Case> cases;
  for (const ActivationFunction function : activation_functions()) {
    const std::string name(to_string(function));
    // A saturated softmax or tanh has hardly any gradient left to compare, and a steep exponential no other.
    const bool steep = !is_elementwise(function) || function == ActivationFunction::exponential ||
                       function == ActivationFunction::tanh;
    for (const Shape& shape : {Shape{5, 4, 8}, Shape{17}, Shape{1}, Shape{1, 1, 3}}) {
      cases.push_back({.name = name + " of " + shape.to_string(),
                       .layer = Activation{.function = function},
                       .src = {shape},
                       .batch = 3,
                       .magnitude = steep ? 2.0 : 8.0});
    }
  }
  return cases;
}

}  // namespace petal::testing
