#pragma once

#include "kernels/cuda/geometry.h"
#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// Places first to last - 1.
struct Span {
  Index first, last;
};

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

  // The rows (columns) of src in window `at`.
  PETAL_BODY Span rows(Index at) const {
    return inside(at * window.strides.height - window.padding.top, window.kernel.height, src.height);
  }
  PETAL_BODY Span columns(Index at) const {
    return inside(at * window.strides.width - window.padding.left, window.kernel.width, src.width);
  }
  // The windows in which row (column) `at` of src lies.
  PETAL_BODY Span windows_of_row(Index at) const {
    return over(at + window.padding.top, window.kernel.height, window.strides.height, dst.height);
  }
  PETAL_BODY Span windows_of_column(Index at) const {
    return over(at + window.padding.left, window.kernel.width, window.strides.width, dst.width);
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
