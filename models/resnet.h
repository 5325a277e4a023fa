#pragma once

#include "engine/graph.h"
#include "models/pooling.h"

namespace petal {

// Keras's ResNets: He et al., "Deep Residual Learning for Image Recognition", 2015, with a block's stride in
// its first convolution, and version 2, "Identity Mappings in Deep Residual Networks", 2016; layer names,
// biases and padding of keras.applications.ResNet50 to ResNet152V2.
struct ResNet {
  int depth = 50;   // 50, 101 or 152
  int version = 1;  // or 2
  std::int64_t image_size = 224;
  bool include_top = true;
  std::int64_t classes = 1000;
  Pooling pooling = Pooling::none;  // without top
};

// Input (image_size, image_size, 3), of version 1 in BGR without ImageNet's mean, of version 2 in [-1, 1].
// With top: probabilities (classes). Without: features (ceil(image_size / 32), ceil(image_size / 32), 2048),
// or pooled (2048). Throws Error for another depth or version.
Graph resnet(const ResNet& options);

}  // namespace petal
