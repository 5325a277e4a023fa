#pragma once

#include <string>
#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> activation_cases() {
  std::vector<Case> cases;
  for (const auto function : {ActivationFunction::linear, ActivationFunction::relu, ActivationFunction::relu6,
                              ActivationFunction::sigmoid, ActivationFunction::softmax}) {
    const std::string name(to_string(function));
    // A saturated softmax has hardly any gradient left to compare.
    const double magnitude = function == ActivationFunction::softmax ? 2 : 8;
    for (const Shape& shape : {Shape{5, 4, 8}, Shape{17}, Shape{1}, Shape{1, 1, 3}}) {
      cases.push_back({.name = name + " of " + shape.to_string(),
                       .layer = Activation{.function = function},
                       .src = {shape},
                       .batch = 3,
                       .magnitude = magnitude});
    }
  }
  return cases;
}

}  // namespace petal::testing
