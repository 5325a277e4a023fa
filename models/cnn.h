#pragma once

#include <vector>

#include "engine/graph.h"

namespace petal {

// The small network of the classic cats-and-dogs tutorials, trained from scratch: four times convolution 3x3
// and max pooling, a hidden dense layer, softmax. Names as Keras numbers them.
struct CNN {
  std::int64_t image_size = 160;
  std::int64_t classes = 2;
  std::vector<std::int64_t> hidden{128};  // units of the relu layers before the last
  float dropout = 0.2f;                   // before the last convolution and after each hidden layer; 0: none
};

// Input (image_size, image_size, 3); probabilities (classes).
Graph cnn(const CNN& options);

}  // namespace petal
