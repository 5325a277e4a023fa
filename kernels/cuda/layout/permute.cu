#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// Where an element of dst lies in src.
struct Permutation {
  Index dims[Shape::max_rank] = {};     // dst's
  Index strides[Shape::max_rank] = {};  // src's, in order of dst's axes
  int rank = 0;

  Permutation(const Permute& layer, const Shape& src, const Shape& dst) : rank(static_cast<int>(dst.rank())) {
    Index src_strides[Shape::max_rank] = {}, stride = 1;
    for (std::size_t axis = src.rank(); axis-- > 0; stride *= src[axis]) src_strides[axis] = stride;
    for (std::size_t axis = 0; axis < dst.rank(); ++axis) {
      dims[axis] = dst[axis];
      strides[axis] = src_strides[axis == 0 ? 0 : static_cast<std::size_t>(layer.dims[axis - 1])];
    }
  }
  PETAL_BODY Index operator()(Index element) const {
    Index place = 0;
    for (int axis = rank; axis-- > 0; element /= dims[axis]) place += element % dims[axis] * strides[axis];
    return place;
  }
};

struct Forward {
  Permutation place;
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const { dst[i] = src[place(i)]; }
};

struct Backward {
  Permutation place;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index i) const { diff_src[place(i)] = diff_dst[i]; }
};

}  // namespace

Support supports(const Permute&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Permute& layer, const Device& device, const PrepareContext& context) {
  const Permutation place(layer, context.src[0].shape, context.dst.shape);
  const Index elements = context.dst.shape.elements();
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches([=](const Bindings& b) {
      for_each(queue, elements, Forward{place, arrays.src(b), arrays.dst(b)});
    });
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(queue, elements, Backward{place, arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

}  // namespace petal::cuda
