#include "kernels/cuda/column_sums.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// The shared axes lead, so that alpha repeats with the period of its own size.
struct Forward {
  Numbers src;
  const float* alpha;
  Index period;
  Results dst;
  PETAL_BODY void operator()(Index i) const {
    const float x = src[i];
    dst[i] = x > 0.0f ? x : alpha[i % period] * x;
  }
};

// Neither side's at 0: Keras computes relu(src) - alpha * relu(-src).
struct BackwardData {
  Numbers src;
  const float* alpha;
  Index period;
  Numbers diff_dst;
  Results diff_src;
  PETAL_BODY void operator()(Index i) const {
    const float x = src[i];
    const float slope = x > 0.0f ? 1.0f : x < 0.0f ? alpha[i % period] : 0.0f;
    diff_src[i] = diff_dst[i] * slope;
  }
};

struct AlphaTerm {
  Numbers src, diff_dst;
  Index period;
  PETAL_BODY void operator()(Index row, Index column, float* sums) const {
    const Index i = row * period + column;
    const float x = src[i];
    sums[0] += diff_dst[i] * (x < 0.0f ? x : 0.0f);
  }
};

}  // namespace

Support supports(const PReLU&, Direction) {
  return {};
}

KernelPointer prepare(const PReLU&, const Device& device, const PrepareContext& context) {
  const Index elements = context.dst.shape.elements(), period = context.weights[0]->elements();
  const WeightArrays weights(device, context);
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  switch (context.direction) {
    case Direction::backward_data:
      return launches([=](const Bindings& b) {
        if (!b.diff_src[0]) return;
        for_each(queue, elements,
                 BackwardData{arrays.src(b), weights(b, 0), period, arrays.diff_dst(b), arrays.diff_src(b)});
      });
    case Direction::backward_weights: {
      const ColumnSplit split = column_split(elements / period, period);
      return launches(
          [=](const Bindings& b) {
            sum_columns<1>(queue, split, AlphaTerm{arrays.src(b), arrays.diff_dst(b), period},
                           KeepSum{as<float>(b.diff_weights[0])}, b.scratch);
          },
          {.scratch_bytes = partial_sums_bytes(split, 1)});
    }
    case Direction::forward:
      break;
  }
  return launches(
      [=](const Bindings& b) {
        for_each(queue, elements, Forward{arrays.src(b), weights(b, 0), period, arrays.dst(b)});
      },
      {.in_place_input = arrays.in_place()});
}

}  // namespace petal::cuda
