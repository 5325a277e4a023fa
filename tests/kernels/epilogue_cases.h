#pragma once

#include "tests/kernels/activation_cases.h"

namespace petal::testing {

// Appends the layer with every activation that its kernels can apply, and with a residual in front of some.
// Those of training have cases of their own, with a gradient.
template <class L>
void add_epilogues(std::vector<Case>& cases, L layer, const Shape& src) {
  for (const ActivationFunction function : activation_functions()) {
    if (!is_epilogue(function) || is_training_epilogue(function)) continue;
    layer.activation = function;
    const std::string name(to_string(function));
    cases.push_back({.name = name, .layer = layer, .src = {src}, .batch = 2});
    cases.push_back(
        {.name = name + ", residual", .layer = layer, .src = {src}, .batch = 2, .residual = true});
  }
}

}  // namespace petal::testing
