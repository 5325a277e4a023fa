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
    const Span rows = geometry.rows(at.y), columns = geometry.columns(at.x);
    float sum = 0.0f;
    for (Index y = rows.first; y < rows.last; ++y)
      for (Index x = columns.first; x < columns.last; ++x) sum += src[geometry.src.at(at.n, y, x, at.c)];
    dst[d] = sum / static_cast<float>((rows.last - rows.first) * (columns.last - columns.first));
  }
};

struct AverageBackward {
  PoolingGeometry geometry;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index s) const {
    const Place at = geometry.src.place(s);
    const Span rows = geometry.windows_of_row(at.y), columns = geometry.windows_of_column(at.x);
    float sum = 0.0f;
    for (Index y = rows.first; y < rows.last; ++y) {
      for (Index x = columns.first; x < columns.last; ++x) {
        const Span high = geometry.rows(y), wide = geometry.columns(x);
        const auto count = static_cast<float>((high.last - high.first) * (wide.last - wide.first));
        sum += diff_dst[geometry.dst.at(at.n, y, x, at.c)] / count;
      }
    }
    diff_src[s] = sum;
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
