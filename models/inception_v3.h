#pragma once

#include "engine/graph.h"
#include "models/pooling.h"

namespace petal {

// Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015, as
// keras.applications.InceptionV3 builds it. Convolutions, batch norms, activations and poolings have the
// names that Keras numbers them by in a fresh session; mixed0 to mixed10 end the blocks.
struct InceptionV3 {
  std::int64_t image_size = 299;
  bool include_top = true;
  std::int64_t classes = 1000;
  Pooling pooling = Pooling::none;  // without top
};

// Input (image_size, image_size, 3) in [-1, 1], at least 75 pixels a side. With top: probabilities (classes).
// Without: features (8, 8, 2048) for an image of 299, or pooled (2048).
Graph inception_v3(const InceptionV3& options);

}  // namespace petal
