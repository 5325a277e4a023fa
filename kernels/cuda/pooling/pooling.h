#pragma once

#include "kernels/cuda/geometry.h"
#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// Places first to last - 1.
struct Span {
  Index first, last;
};

// Places of an image.
struct Patch {
  Span rows, columns;
  PETAL_BODY Index size() const { return (rows.last - rows.first) * (columns.last - columns.first); }
};

// What term(y, x) adds up to over a patch.
template <class Term>
PETAL_BODY float sum_over(const Patch& patch, const Term& term) {
  float sum = 0.0f;
  for (Index y = patch.rows.first; y < patch.rows.last; ++y)
    for (Index x = patch.columns.first; x < patch.columns.last; ++x) sum += term(y, x);
  return sum;
}

// A window over each channel, its padding left out: what the four pooling layers share.
struct PoolingGeometry {
  Image src, dst;  // dst with its height and width also where the layer leaves them out
  Window window;

  PoolingGeometry(const PrepareContext& context, Size2D pool, Size2D strides, const Padding& padding)
      : src(context.src[0].shape),
        dst(src),
        window(resolve_window(context.node.name, {src.height, src.width}, pool, strides, {1, 1}, padding)) {
    dst.height = window.output.height;
    dst.width = window.output.width;
  }
  // One window that is the image.
  static PoolingGeometry global(const PrepareContext& context) {
    const Image image(context.src[0].shape);
    return {context, {image.height, image.width}, {1, 1}, Padding::valid};
  }

  // What of src is in the window of a place of dst.
  PETAL_BODY Patch window_of(Index y, Index x) const {
    return {inside(y * window.strides.height - window.padding.top, window.kernel.height, src.height),
            inside(x * window.strides.width - window.padding.left, window.kernel.width, src.width)};
  }
  // The windows in which a place of src lies.
  PETAL_BODY Patch windows_over(Index y, Index x) const {
    return {over(y + window.padding.top, window.kernel.height, window.strides.height, dst.height),
            over(x + window.padding.left, window.kernel.width, window.strides.width, dst.width)};
  }

 private:
  PETAL_BODY static Span inside(Index first, Index size, Index limit) {
    const Index last = first + size;
    return {first < 0 ? 0 : first, last > limit ? limit : last};
  }
  PETAL_BODY static Span over(Index at, Index size, Index stride, Index limit) {
    const Index first = at < size ? 0 : (at - size) / stride + 1, last = at / stride + 1;
    return {first, last > limit ? limit : last};
  }
};

KernelPointer prepare_average(const Device& device, const PrepareContext& context,
                              const PoolingGeometry& geometry);

}  // namespace petal::cuda
