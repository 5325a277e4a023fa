#include "kernels/cuda/operations.h"
#include "kernels/cuda/pooling/pooling.h"

namespace petal::cuda {
namespace {

struct AverageForward {
  PoolingGeometry geometry;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index d) const {
    const Place at = geometry.dst.place(d);
    const Patch patch = geometry.window_of(at.y, at.x);
    const float sum =
        sum_over(patch, [&](Index y, Index x) { return src[geometry.src.at(at.n, y, x, at.c)]; });
    dst[d] = sum / static_cast<float>(patch.size());
  }
};

struct AverageBackward {
  PoolingGeometry geometry;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index s) const {
    const Place at = geometry.src.place(s);
    diff_src[s] = sum_over(geometry.windows_over(at.y, at.x), [&](Index y, Index x) {
      return diff_dst[geometry.dst.at(at.n, y, x, at.c)] /
             static_cast<float>(geometry.window_of(y, x).size());
    });
  }
};

}  // namespace

KernelPointer prepare_average(const Device& device, const PrepareContext& context,
                              const PoolingGeometry& geometry) {
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, geometry.dst.elements(), AverageForward{geometry, arrays.src(b), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, geometry.src.elements(),
             AverageBackward{geometry, arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

Support supports(const AveragePooling2D&, Direction direction) {
  return without_weights(direction);
}
KernelPointer prepare(const AveragePooling2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_average(device, context, {context, layer.pool, layer.strides, layer.padding});
}

}  // namespace petal::cuda
