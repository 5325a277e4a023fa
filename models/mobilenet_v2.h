#pragma once

#include "engine/graph.h"
#include "models/pooling.h"

namespace petal {

// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, with the layer names, the
// channel rounding and the padding of keras.applications.MobileNetV2.
struct MobileNetV2 {
  std::int64_t image_size = 224;
  float alpha = 1.0f;
  bool include_top = true;
  std::int64_t classes = 1000;
  Pooling pooling = Pooling::none;  // without top
};

// Input (image_size, image_size, 3) in [-1, 1]. With top: probabilities (classes). Without: features
// (ceil(image_size / 32), ceil(image_size / 32), 1280 * max(alpha, 1)), or pooled (1280 * max(alpha, 1)).
Graph mobilenet_v2(const MobileNetV2& options);

}  // namespace petal
