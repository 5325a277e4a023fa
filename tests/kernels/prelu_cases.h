#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> prelu_cases() {
  const auto of = [](const char* name, std::vector<std::int64_t> shared, Shape src, std::int64_t batch) {
    return Case{
        .name = name, .layer = PReLU{.shared_axes = shared}, .src = {src}, .batch = batch, .magnitude = 4};
  };
  return {
      of("an alpha a channel", {1, 2}, {5, 4, 8}, 3),
      of("an alpha a channel, 17", {1, 2}, {3, 3, 17}, 1),
      of("an alpha a channel, axes the other way round", {2, 1}, {3, 3, 5}, 2),
      of("an alpha an element", {}, {5, 4, 3}, 3),
      of("an alpha an element of a vector", {}, {17}, 4),
      of("an alpha a column and channel", {1}, {4, 3, 5}, 2),
      of("one alpha", {1, 2, 3}, {4, 3, 5}, 2),
      of("many rows", {1, 2}, {41, 43, 3}, 3),
      of("many alphas", {}, {41, 43, 3}, 3),
      of("one element", {}, {1}, 1),
  };
}

}  // namespace petal::testing
