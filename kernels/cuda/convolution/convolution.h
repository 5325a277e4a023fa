#pragma once

#include "kernels/cuda/activation/activation_functions.h"
#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/geometry.h"
#include "kernels/cuda/numbers.h"

namespace petal::cuda {

// Own convolutions: one thread an element of what is computed. Conv2D, DepthwiseConv2D (as many groups as
// channels), Dense (rows of one pixel) and, the other way round, Conv2DTranspose are all of it.

// dst(n, y, x, f) takes src(n, y * stride + ky * dilation - top, ..., c) * kernel(ky, kx, c, f), where
// channel c counts within the group that filter f belongs to.
struct ConvolutionGeometry {
  Image src, dst;
  Window window;
  Index groups = 1;

  PETAL_BODY Index group_channels() const { return src.channels / groups; }
  PETAL_BODY Index group_filters() const { return dst.channels / groups; }
  PETAL_BODY Index src_row(Index y, Index ky) const {
    return y * window.strides.height + ky * window.dilation.height - window.padding.top;
  }
  PETAL_BODY Index src_column(Index x, Index kx) const {
    return x * window.strides.width + kx * window.dilation.width - window.padding.left;
  }
  PETAL_BODY Index kernel_at(Index ky, Index kx, Index c, Index filter) const {
    return ((ky * window.kernel.width + kx) * group_channels() + c) * dst.channels + filter;
  }
  Index kernel_elements() const {
    return window.kernel.height * window.kernel.width * group_channels() * dst.channels;
  }
};

// Whether every channel has a filter of its own, or several.
inline bool is_depthwise(const ConvolutionGeometry& geometry) {
  return geometry.groups > 1 && geometry.groups == geometry.src.channels;
}

// What a layer adds to the sums and applies to them.
struct Epilogue {
  const float* bias;  // null: none
  Numbers residual;   // likewise
  ActivationFunction activation;
  Index channels;
  Results dst;
  PETAL_BODY void operator()(Index d, float sum) const {
    if (bias) sum += bias[d % channels];
    if (residual) sum += residual[d];
    dst[d] = activate(activation, sum);
  }
};

// Keeps the sums.
struct Assign {
  Results dst;
  PETAL_BODY void operator()(Index d, float sum) const { dst[d] = sum; }
};

// The numbers of an array.
struct Values {
  Numbers values;
  PETAL_BODY float operator()(Index i) const { return values[i]; }
};

// The gradient before the activation: diff_dst * activation'(dst).
struct GradientBehind {
  Numbers diff_dst, dst;
  ActivationFunction activation;
  PETAL_BODY float operator()(Index d) const {
    if (activation == ActivationFunction::linear) return diff_dst[d];
    return diff_dst[d] * derivative_from_dst(activation, dst[d]);
  }
};

// Element d of dst: the sum over its window.
template <class Source, class Finish>
struct ConvolutionForward {
  ConvolutionGeometry geometry;
  Source src;
  Numbers kernel;
  Finish finish;
  PETAL_BODY void operator()(Index d) const {
    const ConvolutionGeometry& g = geometry;
    const Place at = g.dst.place(d);
    const Index first_channel = at.c / g.group_filters() * g.group_channels();
    float sum = 0.0f;
    for (Index ky = 0; ky < g.window.kernel.height; ++ky) {
      for (Index kx = 0; kx < g.window.kernel.width; ++kx) {
        const Index y = g.src_row(at.y, ky), x = g.src_column(at.x, kx);
        if (!g.src.holds(y, x)) continue;
        const Index s = g.src.at(at.n, y, x, first_channel), k = g.kernel_at(ky, kx, 0, at.c);
        for (Index c = 0; c < g.group_channels(); ++c) sum += src(s + c) * kernel[k + c * g.dst.channels];
      }
    }
    finish(d, sum);
  }
};

// Element s of diff_src: the sum over the windows that it lies in.
template <class Gradient, class Finish>
struct ConvolutionBackwardData {
  ConvolutionGeometry geometry;
  Gradient gradient;
  Numbers kernel;
  Finish finish;
  PETAL_BODY void operator()(Index s) const {
    const ConvolutionGeometry& g = geometry;
    const Place at = g.src.place(s);
    const Index channel = at.c % g.group_channels();
    const Index first_filter = at.c / g.group_channels() * g.group_filters();
    float sum = 0.0f;
    for (Index ky = 0; ky < g.window.kernel.height; ++ky) {
      for (Index kx = 0; kx < g.window.kernel.width; ++kx) {
        // The windows' places times their strides.
        const Index below = at.y + g.window.padding.top - ky * g.window.dilation.height;
        const Index right = at.x + g.window.padding.left - kx * g.window.dilation.width;
        if (below < 0 || right < 0 || below % g.window.strides.height != 0 ||
            right % g.window.strides.width != 0)
          continue;
        const Index y = below / g.window.strides.height, x = right / g.window.strides.width;
        if (!g.dst.holds(y, x)) continue;
        const Index d = g.dst.at(at.n, y, x, first_filter), k = g.kernel_at(ky, kx, channel, first_filter);
        for (Index f = 0; f < g.group_filters(); ++f) sum += gradient(d + f) * kernel[k + f];
      }
    }
    finish(s, sum);
  }
};

// What pixel `row` of dst adds to the gradient of element `column` of the kernel.
template <class Source, class Gradient>
struct KernelGradientTerm {
  ConvolutionGeometry geometry;
  Source src;
  Gradient gradient;
  PETAL_BODY void operator()(Index row, Index column, float* sums) const {
    const ConvolutionGeometry& g = geometry;
    const Index filter = column % g.dst.channels, rest = column / g.dst.channels;
    const Index c = rest % g.group_channels(), tap = rest / g.group_channels();
    const Index d = row * g.dst.channels + filter;
    const Place at = g.dst.place(d);
    const Index y = g.src_row(at.y, tap / g.window.kernel.width);
    const Index x = g.src_column(at.x, tap % g.window.kernel.width);
    if (!g.src.holds(y, x)) return;
    const Index channel = filter / g.group_filters() * g.group_channels() + c;
    sums[0] += src(g.src.at(at.n, y, x, channel)) * gradient(d);
  }
};

// An element of a matrix (rows, channels).
template <class Gradient>
struct ColumnTerm {
  Gradient gradient;
  Index channels;
  PETAL_BODY void operator()(Index row, Index column, float* sums) const {
    sums[0] += gradient(row * channels + column);
  }
};

// A layer of that kind, as its file describes it.
struct ConvolutionLayer {
  ConvolutionGeometry geometry;
  bool use_bias = false;
  ActivationFunction activation = ActivationFunction::linear;
  // In which the kernel is read: the type of what is bound, and what a constant one is rounded to.
  DataType kernel_type = DataType::f32;
};

// weight_type's of the kernel of a context's layer.
DataType kernel_type_of(const PrepareContext& context);

// Of a Conv2D that reads (N, H, W, C). Throws Error(`where`) where the window does not fit.
ConvolutionGeometry geometry_of(const Conv2D& layer, std::string_view where, const Shape& src);

// The layer's kernel in any direction: the vendor's where it has one, else own bodies.
KernelPointer prepare_convolution(const Device& device, const PrepareContext& context,
                                  const ConvolutionLayer& layer);
// The layer whose src is the geometry's dst and whose dst its src.
KernelPointer prepare_transposed(const Device& device, const PrepareContext& context,
                                 const ConvolutionLayer& layer);

// Whether an activation can be part of such a kernel.
Support supports_fused(ActivationFunction activation, Direction direction);

}  // namespace petal::cuda
