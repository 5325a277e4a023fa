#include "kernels/reference/activation.h"

namespace petal::reference {
namespace {

// The largest is taken from all first, so that no exponential overflows.
template <class T>
void softmax(const T* src, std::int64_t rows, std::int64_t channels, T* dst) {
  for (std::int64_t row = 0; row < rows; ++row, src += channels, dst += channels) {
    const T largest = *std::max_element(src, src + channels);
    T sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) sum += std::exp(src[c] - largest);
    for (std::int64_t c = 0; c < channels; ++c) dst[c] = std::exp(src[c] - largest) / sum;
  }
}

// dx_c = y_c (dy_c - sum_k dy_k y_k)
template <class T>
void softmax_backward(const T* dst, const T* diff_dst, std::int64_t rows, std::int64_t channels,
                      T* diff_src) {
  for (std::int64_t row = 0; row < rows; ++row, dst += channels, diff_dst += channels, diff_src += channels) {
    T sum = 0;
    for (std::int64_t c = 0; c < channels; ++c) sum += diff_dst[c] * dst[c];
    for (std::int64_t c = 0; c < channels; ++c) diff_src[c] = dst[c] * (diff_dst[c] - sum);
  }
}

template <class T>
void backward(ActivationFunction function, const Bindings& bindings, std::int64_t elements,
              std::int64_t channels) {
  const T* dst = as<T>(bindings.dst);
  const T* diff_dst = as<T>(bindings.diff_dst);
  T* diff_src = as<T>(bindings.diff_src[0]);
  if (!diff_src) return;
  if (function == ActivationFunction::softmax) {
    return softmax_backward(dst, diff_dst, elements / channels, channels, diff_src);
  }
  for (std::int64_t i = 0; i < elements; ++i) diff_src[i] = diff_dst[i] * derivative(function, dst[i]);
}

template <class T>
void forward(ActivationFunction function, const Bindings& bindings, std::int64_t elements,
             std::int64_t channels) {
  const T* src = as<T>(bindings.src[0]);
  T* dst = as<T>(bindings.dst);
  if (function == ActivationFunction::softmax) return softmax(src, elements / channels, channels, dst);
  for (std::int64_t i = 0; i < elements; ++i) dst[i] = activate(function, src[i]);
}

}  // namespace

Support supports(const Activation&, Direction direction) {
  return without_weights(Activation::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Activation& layer, const PrepareContext& context) {
  const ActivationFunction function = layer.function;
  const std::int64_t elements = context.dst.shape.elements();
  const std::int64_t channels = context.dst.shape.back();
  return with_scalar(context.precision, [&]<class T>() {
    return context.direction == Direction::forward
               ? loops([=](const Bindings& b) { forward<T>(function, b, elements, channels); })
               : loops([=](const Bindings& b) { backward<T>(function, b, elements, channels); });
  });
}

}  // namespace petal::reference
