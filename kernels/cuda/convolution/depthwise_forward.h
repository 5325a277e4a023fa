#pragma once

#include "kernels/cuda/convolution/convolution.h"

namespace petal::cuda {

// A depthwise convolution with one filter a channel: index i is a channel of four neighbouring columns of
// dst, which share their weights and the search for their place. Neighbouring threads take neighbouring
// channels. The sums are ConvolutionForward's, added up in its order.
template <class Finish>
struct DepthwiseForward {
  static constexpr Index columns = 4;

  ConvolutionGeometry geometry;
  Numbers src, kernel;
  Finish finish;

  Index count() const { return geometry.dst.batch * geometry.dst.height * strips() * geometry.dst.channels; }

  PETAL_BODY void operator()(Index i) const {
    const ConvolutionGeometry& g = geometry;
    const Index c = i % g.dst.channels, strip = i / g.dst.channels;
    const Index row = strip / strips(), first = strip % strips() * columns;
    const Index n = row / g.dst.height, y = row % g.dst.height;
    float sums[columns] = {};
    for (Index ky = 0; ky < g.window.kernel.height; ++ky) {
      const Index src_y = g.src_row(y, ky);
      if (src_y < 0 || src_y >= g.src.height) continue;
      for (Index kx = 0; kx < g.window.kernel.width; ++kx) {
        const float weight = kernel[g.kernel_at(ky, kx, 0, c)];
        for (Index column = 0; column < columns; ++column) {
          const Index src_x = g.src_column(first + column, kx);
          if (src_x >= 0 && src_x < g.src.width) sums[column] += src[g.src.at(n, src_y, src_x, c)] * weight;
        }
      }
    }
    for (Index column = 0; column < columns && first + column < g.dst.width; ++column)
      finish(g.dst.at(n, y, first + column, c), sums[column]);
  }

 private:
  PETAL_BODY Index strips() const { return (geometry.dst.width + columns - 1) / columns; }
};

}  // namespace petal::cuda
