#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

template <MergeOperation of>
std::vector<Case> merge_cases() {
  const Merge<of> layer;
  std::vector<Case> cases = {
      {"two images", layer, {{4, 5, 8}, {4, 5, 8}}, 3},
      {"two vectors", layer, {{17}, {17}}, 3},
      {"two numbers", layer, {{1}, {1}}},
      {"a number a channel", layer, {{4, 5, 8}, {1, 1, 8}}, 3},
      {"an image behind its number a channel", layer, {{1, 1, 17}, {3, 4, 17}}, 2},
      {"a number a place", layer, {{5, 4, 7}, {5, 4, 1}}, 2},
      {"a row and a column", layer, {{3, 1, 2}, {1, 4, 2}}, 2},
      {"a vector and an image", layer, {{5}, {2, 3, 5}}, 2},
      {"a number and an image", layer, {{1}, {3, 3, 2}}, 2},
      {"a row longer than a block", layer, {{40, 33}, {40, 1}}, 2},
  };
  if (of != MergeOperation::subtract) {
    cases.push_back({"three images", layer, {{3, 3, 5}, {3, 3, 5}, {3, 3, 5}}});
    cases.push_back({"three that broadcast", layer, {{1, 3, 5}, {3, 3, 1}, {5}}, 2});
  }
  return cases;
}

}  // namespace petal::testing
