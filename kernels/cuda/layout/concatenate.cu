#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// One input's columns of a wider matrix: element i of the input, which has `channels`, lies at `begin` of a
// row of `row_channels`.
struct Columns {
  Index channels, row_channels, begin;
  PETAL_BODY Index operator()(Index i) const { return i / channels * row_channels + begin + i % channels; }
};

struct Gather {
  Columns columns;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const { dst[columns(i)] = src[i]; }
};

struct Scatter {
  Columns columns;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index i) const { diff_src[i] = diff_dst[columns(i)]; }
};

}  // namespace

Support supports(const Concatenate&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Concatenate&, const Device& device, const PrepareContext& context) {
  std::vector<Columns> columns;
  std::vector<Index> sizes;
  Index begin = 0;
  for (const TensorDescription& src : context.src) {
    columns.push_back({src.shape.back(), context.dst.shape.back(), begin});
    sizes.push_back(src.shape.elements());
    begin += src.shape.back();
  }
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for (std::size_t i = 0; i < sizes.size(); ++i)
        for_each(queue, sizes[i], Gather{columns[i], arrays.src(b, i), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (!b.diff_src[i]) continue;
      for_each(queue, sizes[i], Scatter{columns[i], arrays.diff_dst(b), arrays.diff_src(b, i)});
    }
  });
}

}  // namespace petal::cuda
