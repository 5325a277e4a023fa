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
template <class T>
struct SoftmaxRow {
  const T* src;
  T* dst;
  Index channels;
  bool logarithm;
  PETAL_BODY void operator()(Index row) const {
    const T* x = src + row * channels;
    float largest = static_cast<float>(x[0]), sum = 0.0f;
    for (Index c = 1; c < channels; ++c) {
      const auto next = static_cast<float>(x[c]);
      largest = next > largest ? next : largest;
    }
    for (Index c = 0; c < channels; ++c) sum += std::exp(static_cast<float>(x[c]) - largest);
    const float log_sum = std::log(sum);
    for (Index c = 0; c < channels; ++c) {
      const float shifted = static_cast<float>(x[c]) - largest;
      dst[row * channels + c] = static_cast<T>(logarithm ? shifted - log_sum : std::exp(shifted) / sum);
    }
  }
};

// softmax: dx_c = y_c (dy_c - sum_k dy_k y_k); log_softmax: dx_c = dy_c - exp(y_c) sum_k dy_k.
template <class T>
struct SoftmaxRowBackward {
  const T *dst, *diff_dst;
  T* diff_src;
  Index channels;
  bool logarithm;
  PETAL_BODY void operator()(Index row) const {
    const T *y = dst + row * channels, *dy = diff_dst + row * channels;
    float sum = 0.0f;
    for (Index c = 0; c < channels; ++c)
      sum += static_cast<float>(dy[c]) * (logarithm ? 1.0f : static_cast<float>(y[c]));
    for (Index c = 0; c < channels; ++c) {
      const auto value = static_cast<float>(y[c]), gradient = static_cast<float>(dy[c]);
      diff_src[row * channels + c] =
          static_cast<T>(logarithm ? gradient - std::exp(value) * sum : value * (gradient - sum));
    }
  }
};

template <class T>
KernelPointer prepare_softmax(bool logarithm, const Device& device, const PrepareContext& context) {
  const Index channels = context.dst.shape.back(), rows = context.dst.shape.elements() / channels;
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          for_each(queue, rows, SoftmaxRow<T>{as<T>(b.src[0]), as<T>(b.dst), channels, logarithm});
        },
        {.in_place_input = 0});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    for_each(
        queue, rows,
        SoftmaxRowBackward<T>{as<T>(b.dst), as<T>(b.diff_dst), as<T>(b.diff_src[0]), channels, logarithm});
  });
}

}  // namespace

Support supports(const Activation&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context) {
  if (!is_elementwise(layer.function)) {
    return prepare_softmax<float>(layer.function == ActivationFunction::log_softmax, device, context);
  }
  return prepare_elementwise<float>(device, context,
                                    ElementFunction{layer.function, backward_needs(layer).src});
}

}  // namespace petal::cuda
