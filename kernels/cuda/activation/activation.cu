#include "kernels/cuda/activation/activation_functions.h"
#include "kernels/cuda/activation/elementwise.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

struct ElementFunction {
  ActivationFunction function;
  bool from_src;
  PETAL_BODY float forward(float x) const { return activate(function, x); }
  PETAL_BODY float derivative(float v) const {
    return from_src ? derivative_from_src(function, v) : derivative_from_dst(function, v);
  }
};

// A row of softmax or its logarithm. The row's largest is taken from all first, so that no exponential
// overflows.
struct SoftmaxRow {
  Numbers src;
  Results dst;
  Index channels;
  bool logarithm;
  PETAL_BODY void operator()(Index row) const {
    const Index first = row * channels, end = first + channels;
    float largest = src[first], sum = 0.0f;
    for (Index i = first + 1; i < end; ++i) {
      const float next = src[i];
      largest = next > largest ? next : largest;
    }
    for (Index i = first; i < end; ++i) sum += std::exp(src[i] - largest);
    const float log_sum = std::log(sum);
    // dst may be src's memory: an element is read before it is written, and by none after.
    for (Index i = first; i < end; ++i) {
      const float shifted = src[i] - largest;
      dst[i] = logarithm ? shifted - log_sum : std::exp(shifted) / sum;
    }
  }
};

// softmax: dx_c = y_c (dy_c - sum_k dy_k y_k); log_softmax: dx_c = dy_c - exp(y_c) sum_k dy_k.
struct SoftmaxRowBackward {
  Numbers dst, diff_dst;
  Results diff_src;
  Index channels;
  bool logarithm;
  PETAL_BODY void operator()(Index row) const {
    const Index first = row * channels, end = first + channels;
    float sum = 0.0f;
    for (Index i = first; i < end; ++i) sum += diff_dst[i] * (logarithm ? 1.0f : dst[i]);
    for (Index i = first; i < end; ++i) {
      const float value = dst[i], gradient = diff_dst[i];
      diff_src[i] = logarithm ? gradient - std::exp(value) * sum : value * (gradient - sum);
    }
  }
};

KernelPointer prepare_softmax(bool logarithm, const Device& device, const PrepareContext& context) {
  const Index channels = context.dst.shape.back(), rows = context.dst.shape.elements() / channels;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          for_each(queue, rows, SoftmaxRow{arrays.src(b), arrays.dst(b), channels, logarithm});
        },
        {.in_place_input = arrays.in_place()});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(
        queue, rows,
        SoftmaxRowBackward{arrays.computed(b), arrays.diff_dst(b), arrays.diff_src(b), channels, logarithm});
  });
}

}  // namespace

Support supports(const Activation&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context) {
  if (!is_elementwise(layer.function)) {
    return prepare_softmax(layer.function == ActivationFunction::log_softmax, device, context);
  }
  return prepare_elementwise(device, context, ElementFunction{layer.function, backward_needs(layer).src});
}

}  // namespace petal::cuda
