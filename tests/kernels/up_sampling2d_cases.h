#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> up_sampling2d_cases() {
  const auto bilinear = Interpolation::bilinear;
  return {
      {"nearest, 2x2", UpSampling2D{}, {{3, 4, 5}}, 3},
      {"nearest, 3x1", UpSampling2D{.size = {3, 1}}, {{2, 3, 17}}, 2},
      {"nearest, one pixel", UpSampling2D{.size = {5, 7}}, {{1, 1, 3}}},
      {"bilinear, 2x2", UpSampling2D{.interpolation = bilinear}, {{3, 4, 5}}, 3},
      {"bilinear, 3x4", UpSampling2D{.size = {3, 4}, .interpolation = bilinear}, {{4, 2, 17}}, 2},
      {"bilinear, one pixel", UpSampling2D{.size = {2, 2}, .interpolation = bilinear}, {{1, 1, 8}}},
  };
}

}  // namespace petal::testing
