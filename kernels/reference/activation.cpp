#include "kernels/reference/activation.h"

#include "kernels/reference/elementwise.h"

namespace petal::reference {
namespace {

// A row's largest is taken from all first, so that no exponential overflows.
template <class T>
void softmax(const T* src, std::int64_t channels, bool logarithm, T* dst) {
  const T largest = *std::max_element(src, src + channels);
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += std::exp(src[c] - largest);
  for (std::int64_t c = 0; c < channels; ++c) {
    dst[c] = logarithm ? src[c] - largest - std::log(sum) : std::exp(src[c] - largest) / sum;
  }
}

// softmax: dx_c = y_c (dy_c - sum_k dy_k y_k); log_softmax: dx_c = dy_c - exp(y_c) sum_k dy_k.
template <class T>
void softmax_backward(const T* dst, const T* diff_dst, std::int64_t channels, bool logarithm, T* diff_src) {
  T sum = 0;
  for (std::int64_t c = 0; c < channels; ++c) sum += diff_dst[c] * (logarithm ? T{1} : dst[c]);
  for (std::int64_t c = 0; c < channels; ++c) {
    diff_src[c] = logarithm ? diff_dst[c] - std::exp(dst[c]) * sum : dst[c] * (diff_dst[c] - sum);
  }
}

std::unique_ptr<Kernel> prepare_softmax(bool logarithm, const PrepareContext& context) {
  const std::int64_t channels = context.dst.shape.back();
  const std::int64_t elements = context.dst.shape.elements();
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        for (std::int64_t i = 0; i < elements; i += channels) {
          softmax(as<T>(b.src[0]) + i, channels, logarithm, as<T>(b.dst) + i);
        }
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      for (std::int64_t i = 0; i < elements; i += channels) {
        softmax_backward<T>(as<T>(b.dst) + i, as<T>(b.diff_dst) + i, channels, logarithm,
                            as<T>(b.diff_src[0]) + i);
      }
    });
  });
}

}  // namespace

Support supports(const Activation&, Direction direction) {
  return without_weights(Activation::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Activation& layer, const PrepareContext& context) {
  const ActivationFunction function = layer.function;
  if (!is_elementwise(function)) {
    return prepare_softmax(function == ActivationFunction::log_softmax, context);
  }
  const bool from_src = backward_needs(layer).src;
  return prepare_elementwise(
      context, [=](auto x) { return activate(function, x); },
      [=](auto v) { return from_src ? derivative_from_src(function, v) : derivative_from_dst(function, v); });
}

}  // namespace petal::reference
