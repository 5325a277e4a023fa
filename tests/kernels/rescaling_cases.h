#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> rescaling_cases() {
  const Rescaling centred{.scale = 1 / 127.5f, .offset = -1};
  return {
      {"to -1..1", centred, {{4, 5, 3}}, 3},
      {"a number a channel",
       Rescaling{.scale = PerChannel({0.5f, 2, -1}), .offset = PerChannel({1, -1, 0.25f})},
       {{4, 5, 3}},
       2},
      {"an offset a channel", Rescaling{.scale = 3, .offset = PerChannel({1, -1})}, {{4, 2}}, 2},
      {"halved", Rescaling{.scale = 0.5f}, {{17}}, 3},
      {.name = "pixels to -1..1", .layer = centred, .src = {{5, 5, 3}}, .batch = 3, .pixels = true},
      {.name = "pixels to 0..1", .layer = Rescaling{.scale = 1 / 255.0f}, .src = {{1, 1, 1}}, .pixels = true},
  };
}

}  // namespace petal::testing
