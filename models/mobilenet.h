#pragma once

#include "engine/graph.h"
#include "models/pooling.h"

namespace petal {

// Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
// with the layer names and the padding of keras.applications.MobileNet.
struct MobileNet {
  std::int64_t image_size = 224;
  float alpha = 1.0f;
  bool include_top = true;
  std::int64_t classes = 1000;
  Pooling pooling = Pooling::none;  // without top
};

// Input (image_size, image_size, 3) in [-1, 1]. With top: probabilities (classes). Without: features (side,
// side, 1024 * alpha), side = floor(ceil(image_size / 2) / 16), or pooled (1024 * alpha).
Graph mobilenet(const MobileNet& options);

}  // namespace petal
