#include "kernels/cuda/operations.h"
#include "kernels/cuda/pooling/pooling.h"

namespace petal::cuda {
namespace {

// `winners`, where not null, gets the pixel of src (row * width + column) of each window's largest element:
// the first, where several are.
struct MaxForward {
  PoolingGeometry geometry;
  Numbers src;
  Results dst;
  std::int32_t* winners;
  PETAL_BODY void operator()(Index d) const {
    const Place at = geometry.dst.place(d);
    const auto [rows, columns] = geometry.window_of(at.y, at.x);
    Index winner = rows.first * geometry.src.width + columns.first;
    float largest = src[geometry.src.at(at.n, rows.first, columns.first, at.c)];
    for (Index y = rows.first; y < rows.last; ++y) {
      for (Index x = columns.first; x < columns.last; ++x) {
        const float next = src[geometry.src.at(at.n, y, x, at.c)];
        if (!(next > largest)) continue;
        largest = next;
        winner = y * geometry.src.width + x;
      }
    }
    dst[d] = largest;
    if (winners) winners[d] = static_cast<std::int32_t>(winner);
  }
};

struct MaxBackward {
  PoolingGeometry geometry;
  const std::int32_t* winners;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index s) const {
    const Place at = geometry.src.place(s);
    const Index pixel = at.y * geometry.src.width + at.x;
    diff_src[s] = sum_over(geometry.windows_over(at.y, at.x), [&](Index y, Index x) {
      const Index d = geometry.dst.at(at.n, y, x, at.c);
      return winners[d] == pixel ? diff_dst[d] : 0.0f;
    });
  }
};

}  // namespace

Support supports(const MaxPooling2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const MaxPooling2D& layer, const Device& device, const PrepareContext& context) {
  const PoolingGeometry geometry(context, layer.pool, layer.strides, layer.padding);
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  const bool keep = context.mode == Mode::training;
  if (context.direction == Direction::forward) {
    const std::size_t winners = keep ? static_cast<std::size_t>(geometry.dst.elements()) : 0;
    return launches(
        [=](const Bindings& b) {
          auto* places = keep ? reinterpret_cast<std::int32_t*>(b.workspace) : nullptr;
          for_each(queue, geometry.dst.elements(),
                   MaxForward{geometry, arrays.src(b), arrays.dst(b), places});
        },
        {.workspace_bytes = winners * sizeof(std::int32_t)});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, geometry.src.elements(),
             MaxBackward{geometry, reinterpret_cast<const std::int32_t*>(b.workspace), arrays.diff_dst(b),
                         arrays.diff_src(b)});
  });
}

}  // namespace petal::cuda
