#pragma once

#include "kernels/cuda/geometry.h"
#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// `to` is `from` seen through a frame that begins `top` rows above and `left` columns before it: what lies
// outside is zero. ZeroPadding2D's is larger than the image and Cropping2D's, with negative sizes, smaller;
// the gradient of either is the other.
struct Frame {
  Image from, to;
  Index top, left;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const Place at = to.place(i);
    const Index y = at.y - top, x = at.x - left;
    dst[i] = from.holds(y, x) ? src[from.at(at.n, y, x, at.c)] : 0.0f;
  }
};

inline KernelPointer prepare_frame(const Device& device, const PrepareContext& context, Index top,
                                   Index left) {
  const Image src(context.src[0].shape), dst(context.dst.shape);
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, dst.elements(), Frame{src, dst, top, left, arrays.src(b), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, src.elements(), Frame{dst, src, -top, -left, arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

}  // namespace petal::cuda
