#pragma once

#include <cstdint>
#include <vector>

#include "engine/random.h"
#include "engine/tensor.h"

namespace petal {

// How a weight starts. Fans count inputs and outputs of one unit, the receptive field included, as Keras
// does.
struct Initializer {
  enum class Kind {
    zeros,
    ones,
    glorot_uniform,    // U(-l, l), l = sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010); Keras's default
    he_normal,         // truncated normal, stddev sqrt(2 / fan_in) (He et al. 2015)
    truncated_normal,  // cut at two standard deviations, stddev given
    values,            // these, in C order: a constant of the network, which no file needs to hold
  };
  Kind kind = Kind::zeros;
  std::int64_t fan_in = 1;
  std::int64_t fan_out = 1;
  float stddev = 0.05f;
  std::vector<float> values{};
  friend bool operator==(const Initializer&, const Initializer&) = default;
};

// Fills the float32 tensor from the stream; the same numbers for the same stream, whatever the device or
// threads. Throws Error where there are not as many `values` as elements.
void initialize(const Initializer& initializer, const RandomStream& random, Tensor& tensor);

}  // namespace petal
