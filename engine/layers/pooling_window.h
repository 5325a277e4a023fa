#pragma once

#include "engine/layers/parts.h"

namespace petal {

// The window of a pooling layer on src (H, W, C). Throws Error(`where`) where pads given outright are
// negative or reach as far as the pool, so that some window would hold nothing of src.
Window pooling_window(std::string_view where, const Shape& src, Size2D pool, Size2D strides,
                      const Padding& padding);

}  // namespace petal
