#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// Rows of an image's gradient before the layer's fused activation: of the N * H rows of dst (N, H, W, C),
// each (W, C).
class GradientRows {
 public:
  GradientRows(ActivationFunction activation, const Shape& dst)
      : activation_(activation), width_(dst[2]), channels_(dst[3]) {}

  // What a row needs of room: none where the activation is linear.
  std::size_t bytes() const {
    return activation_ == ActivationFunction::linear
               ? 0
               : static_cast<std::size_t>(width_ * channels_) * sizeof(float);
  }
  // Row `row`, of which channels [first, first + count) are there: in diff_dst itself, or made in `room`.
  const float* row(const Bindings& bindings, std::int64_t row, std::int64_t first, std::int64_t count,
                   float* room) const;

 private:
  ActivationFunction activation_;
  std::int64_t width_, channels_;
};

}  // namespace petal::cpu
