#include "engine/resize.h"

#include "kernels/cuda/geometry.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Rows (columns) of src of which each row (column) of dst is made.
struct Taps {
  Image src, dst;
  const ResizeTap *rows, *columns;
};

struct Forward {
  Taps taps;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index d) const {
    const Place at = taps.dst.place(d);
    const ResizeTap row = taps.rows[at.y], column = taps.columns[at.x];
    const float below = row.weight, right = column.weight;
    dst[d] = read(at, row.lower, column.lower) * ((1.0f - below) * (1.0f - right)) +
             read(at, row.lower, column.upper) * ((1.0f - below) * right) +
             read(at, row.upper, column.lower) * (below * (1.0f - right)) +
             read(at, row.upper, column.upper) * (below * right);
  }
  PETAL_BODY float read(const Place& at, Index y, Index x) const {
    return src[taps.src.at(at.n, y, x, at.c)];
  }
};

// How much of src's row `at` is in what the tap makes.
PETAL_BODY inline float share(const ResizeTap& tap, Index at) {
  return (tap.lower == at ? 1.0f - tap.weight : 0.0f) + (tap.upper == at ? tap.weight : 0.0f);
}

// Where in dst a row of src can be: taps only grow, so that those which name it follow one another.
struct Reach {
  const ResizeTap* taps;
  Index count;
  // The first tap whose upper is not below `at`.
  PETAL_BODY Index first(Index at) const {
    Index low = 0, high = count;
    while (low < high) {
      const Index middle = (low + high) / 2;
      if (taps[middle].upper < at)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

struct Backward {
  Taps taps;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index s) const {
    const Place at = taps.src.place(s);
    const Reach rows{taps.rows, taps.dst.height}, columns{taps.columns, taps.dst.width};
    const Index first_column = columns.first(at.x);
    float sum = 0.0f;
    for (Index y = rows.first(at.y); y < taps.dst.height && taps.rows[y].lower <= at.y; ++y) {
      const float below = share(taps.rows[y], at.y);
      for (Index x = first_column; x < taps.dst.width && taps.columns[x].lower <= at.x; ++x)
        sum += below * share(taps.columns[x], at.x) * diff_dst[taps.dst.at(at.n, y, x, at.c)];
    }
    diff_src[s] = sum;
  }
};

KernelPointer prepare_resize(Interpolation interpolation, const Device& device,
                             const PrepareContext& context) {
  const Image src(context.src[0].shape), dst(context.dst.shape);
  const DeviceArray rows = uploaded(device, resize_taps(src.height, dst.height, interpolation));
  const DeviceArray columns = uploaded(device, resize_taps(src.width, dst.width, interpolation));
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  const auto taps = [=] { return Taps{src, dst, as<ResizeTap>(rows.data()), as<ResizeTap>(columns.data())}; };
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, dst.elements(), Forward{taps(), arrays.src(b), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, src.elements(), Backward{taps(), arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

}  // namespace

Support supports(const UpSampling2D&, Direction direction) {
  return without_weights(direction);
}
KernelPointer prepare(const UpSampling2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, device, context);
}

Support supports(const Resizing&, Direction direction) {
  return without_weights(direction);
}
KernelPointer prepare(const Resizing& layer, const Device& device, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, device, context);
}

}  // namespace petal::cuda
