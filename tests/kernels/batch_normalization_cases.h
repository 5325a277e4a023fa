#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

inline std::vector<Case> batch_normalization_cases() {
  const auto training = [](const char* name, BatchNormalization layer, Shape src, std::int64_t batch) {
    return Case{.name = name, .layer = layer, .src = {src}, .batch = batch, .mode = Mode::training};
  };
  const auto frozen = [](const char* name, BatchNormalization layer, Shape src, std::int64_t batch) {
    return Case{.name = name,
                .layer = layer,
                .src = {src},
                .batch = batch,
                .mode = Mode::training,
                .trainable = false};
  };
  return {
      {"image", BatchNormalization{}, {{5, 4, 8}}, 3},
      {"image of 17 channels, epsilon of ResNet", BatchNormalization{.epsilon = 1.001e-5f}, {{3, 3, 17}}},
      {"one channel", BatchNormalization{}, {{4, 4, 1}}, 3},
      {"no gamma", BatchNormalization{.scale = false}, {{4, 5, 5}}, 3},
      {"no beta", BatchNormalization{.center = false}, {{4, 5, 8}}},
      {"neither", BatchNormalization{.scale = false, .center = false}, {{4, 5, 3}}},
      {"vector", BatchNormalization{}, {{17}}, 3},
      training("in training", {}, {5, 4, 8}, 3),
      training("in training, momentum of MobileNetV2", {.momentum = 0.999f}, {7, 7, 17}, 2),
      training("in training, large epsilon, no gamma", {.epsilon = 0.5f, .scale = false}, {3, 3, 5}, 1),
      training("in training, one element a channel", {}, {1, 1, 32}, 1),
      training("in training, many rows", {}, {33, 31, 3}, 4),
      training("in training, many channels", {}, {2, 3, 1027}, 2),
      frozen("frozen, in training", {}, {5, 4, 8}, 3),
      frozen("frozen, in training, no gamma", {.scale = false}, {3, 3, 17}, 1),
      frozen("frozen, in training, neither", {.scale = false, .center = false}, {3, 3, 5}, 2),
  };
}

}  // namespace petal::testing
