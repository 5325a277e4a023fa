#include "kernels/reference/prelu.h"

#include <algorithm>

namespace petal::reference {
namespace {

// The shared axes lead, so that alpha repeats with the period of its own size.
template <class T>
class LearnedSlope {
 public:
  explicit LearnedSlope(const PrepareContext& context)
      : weights_(context), elements_(context.dst.shape.elements()), period_(context.weights[0]->elements()) {}

  void forward(const Bindings& bindings) const {
    const T *src = as<T>(bindings.src[0]), *alpha = weights_(bindings, 0);
    T* dst = as<T>(bindings.dst);
    for (std::int64_t i = 0; i < elements_; ++i) dst[i] = src[i] > 0 ? src[i] : alpha[i % period_] * src[i];
  }

  // Neither side's at 0: Keras computes relu(src) - alpha * relu(-src).
  void backward_data(const Bindings& bindings) const {
    const T *src = as<T>(bindings.src[0]), *alpha = weights_(bindings, 0);
    const T* diff_dst = as<T>(bindings.diff_dst);
    T* diff_src = as<T>(bindings.diff_src[0]);
    if (!diff_src) return;
    for (std::int64_t i = 0; i < elements_; ++i) {
      const T slope = src[i] > 0 ? T{1} : src[i] < 0 ? alpha[i % period_] : T{0};
      diff_src[i] = diff_dst[i] * slope;
    }
  }

  void backward_weights(const Bindings& bindings) const {
    const T *src = as<T>(bindings.src[0]), *diff_dst = as<T>(bindings.diff_dst);
    T* diff_alpha = as<T>(bindings.diff_weights[0]);
    std::fill_n(diff_alpha, period_, T{0});
    for (std::int64_t i = 0; i < elements_; ++i) {
      diff_alpha[i % period_] += diff_dst[i] * std::min(src[i], T{0});
    }
  }

 private:
  WeightArrays<T> weights_;
  std::int64_t elements_, period_;
};

}  // namespace

Support supports(const PReLU&, Direction) {
  return supported();
}

std::unique_ptr<Kernel> prepare(const PReLU&, const PrepareContext& context) {
  return with_scalar(context.precision, [&]<class T>() {
    LearnedSlope<T> slope(context);
    switch (context.direction) {
      case Direction::backward_data:
        return loops([slope = std::move(slope)](const Bindings& b) { slope.backward_data(b); });
      case Direction::backward_weights:
        return loops([slope = std::move(slope)](const Bindings& b) { slope.backward_weights(b); });
      case Direction::forward:
        break;
    }
    return loops([slope = std::move(slope)](const Bindings& b) { slope.forward(b); });
  });
}

}  // namespace petal::reference
