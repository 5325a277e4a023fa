#include <algorithm>

#include "engine/error.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// As many inputs as one launch takes.
constexpr std::size_t most_inputs = 16;

// Where an element of dst lies in an input that is repeated to dst's shape: N, then sizes aligned at the
// innermost.
struct Repeated {
  Index dims[Shape::max_rank] = {};     // dst's
  Index strides[Shape::max_rank] = {};  // 0 where the input is repeated
  int rank = 0;

  Repeated() = default;
  Repeated(const Shape& src, const Shape& dst) : rank(static_cast<int>(dst.rank())) {
    for (std::size_t axis = 0; axis < dst.rank(); ++axis) dims[axis] = dst[axis];
    Index stride = 1;
    for (std::size_t axis = src.rank(); axis-- > 0; stride *= src[axis]) {
      const std::size_t dst_axis = axis == 0 ? 0 : axis + dst.rank() - src.rank();
      if (src[axis] == dst[dst_axis]) strides[dst_axis] = stride;
    }
  }
  PETAL_BODY Index place(Index element) const {
    Index place = 0;
    for (int axis = rank; axis-- > 0; element /= dims[axis]) place += element % dims[axis] * strides[axis];
    return place;
  }
};

struct Inputs {
  Numbers src[most_inputs];
  Repeated repeated[most_inputs];
  bool is_whole[most_inputs] = {};
  int count = 0;

  PETAL_BODY float operator()(int input, Index element) const {
    return src[input][is_whole[input] ? element : repeated[input].place(element)];
  }
};

PETAL_BODY float merged(MergeOperation operation, float y, float next) {
  switch (operation) {
    case MergeOperation::subtract:
      return y - next;
    case MergeOperation::multiply:
      return y * next;
    case MergeOperation::maximum:
      return y < next ? next : y;
    case MergeOperation::minimum:
      return next < y ? next : y;
    default:
      return y + next;
  }
}

struct MergeForward {
  Inputs inputs;
  MergeOperation operation;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    float y = inputs(0, i);
    for (int input = 1; input < inputs.count; ++input) y = merged(operation, y, inputs(input, i));
    dst[i] = operation == MergeOperation::average ? y / static_cast<float>(inputs.count) : y;
  }
};

// The derivative of an element of dst by input `by`.
PETAL_BODY float derivative(MergeOperation operation, const Inputs& inputs, Index i, int by) {
  switch (operation) {
    case MergeOperation::average:
      return 1.0f / static_cast<float>(inputs.count);
    case MergeOperation::subtract:
      return by == 0 ? 1.0f : -1.0f;
    case MergeOperation::multiply: {
      float product = 1.0f;
      for (int input = 0; input < inputs.count; ++input) product *= input == by ? 1.0f : inputs(input, i);
      return product;
    }
    case MergeOperation::maximum:
    case MergeOperation::minimum: {
      int chosen = 0;  // the first, where several are equal
      for (int input = 1; input < inputs.count; ++input) {
        const float a = inputs(chosen, i), b = inputs(input, i);
        if (operation == MergeOperation::maximum ? a < b : b < a) chosen = input;
      }
      return chosen == by ? 1.0f : 0.0f;
    }
    default:
      return 1.0f;
  }
}

// Element s of an input's gradient: the sum over the elements of dst that it was repeated to, which differ in
// the axes with stride 0.
struct MergeBackward {
  Inputs inputs;
  MergeOperation operation;
  int by;
  Numbers diff_dst;
  Results diff_src;
  Index repetitions;
  PETAL_BODY void operator()(Index s) const {
    const Repeated& r = inputs.repeated[by];
    float sum = 0.0f;
    for (Index repetition = 0; repetition < repetitions; ++repetition) {
      const Index i = inputs.is_whole[by] ? s : element(r, s, repetition);
      sum += diff_dst[i] * derivative(operation, inputs, i, by);
    }
    diff_src[s] = sum;
  }
  // Takes the digits of repeated axes from `repetition`, the others from s.
  PETAL_BODY static Index element(const Repeated& r, Index s, Index repetition) {
    Index element = 0, stride = 1;
    for (int axis = r.rank; axis-- > 0; stride *= r.dims[axis]) {
      Index digit = 0;
      if (r.strides[axis] == 0) {
        digit = repetition % r.dims[axis];
        repetition /= r.dims[axis];
      } else {
        digit = s / r.strides[axis] % r.dims[axis];
      }
      element += digit * stride;
    }
    return element;
  }
};

Inputs describe(const PrepareContext& context) {
  if (context.src.size() > most_inputs) {
    throw Error(std::string(kind(context.node.layer)) + " '" + context.node.name + "'",
                std::to_string(context.src.size()) + " inputs; on a GPU it takes up to " +
                    std::to_string(most_inputs));
  }
  Inputs inputs;
  inputs.count = static_cast<int>(context.src.size());
  for (std::size_t i = 0; i < context.src.size(); ++i) {
    inputs.repeated[i] = Repeated(context.src[i].shape, context.dst.shape);
    inputs.is_whole[i] = context.src[i].shape == context.dst.shape;
  }
  return inputs;
}

}  // namespace

KernelPointer prepare_merge(MergeOperation operation, const Device& device, const PrepareContext& context) {
  const Inputs described = describe(context);
  const Index elements = context.dst.shape.elements();
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  const auto bound = [described, arrays](const Bindings& b) {
    Inputs inputs = described;
    for (std::size_t i = 0; i < b.src.size(); ++i) inputs.src[i] = arrays.src(b, i);
    return inputs;
  };
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          for_each(queue, elements, MergeForward{bound(b), operation, arrays.dst(b)});
        },
        {.in_place_input = described.is_whole[0] ? arrays.in_place() : -1});
  }
  std::vector<Index> sizes;
  for (const TensorDescription& src : context.src) sizes.push_back(src.shape.elements());
  return launches([=](const Bindings& b) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (!b.diff_src[i]) continue;
      for_each(queue, sizes[i],
               MergeBackward{bound(b), operation, static_cast<int>(i), arrays.diff_dst(b),
                             arrays.diff_src(b, i), elements / sizes[i]});
    }
  });
}

}  // namespace petal::cuda
