#include "kernels/reference/batch_normalization.h"

#include <cmath>

namespace petal::reference {
namespace {

// dst = gamma * (src - mean) / sqrt(variance + epsilon) + beta, with the moving statistics.
template <class T>
struct Normalize {
  BatchNormalization layer;
  WeightArrays<T> weights;
  std::int64_t elements, channels;

  void operator()(const Bindings& bindings) const {
    const T* src = as<T>(bindings.src[0]);
    T* dst = as<T>(bindings.dst);
    std::size_t next = 0;
    const T* gamma = layer.scale ? weights(bindings, next++) : nullptr;
    const T* beta = layer.center ? weights(bindings, next++) : nullptr;
    const T* mean = weights(bindings, next++);
    const T* variance = weights(bindings, next);
    for (std::int64_t i = 0; i < elements; ++i) {
      const std::int64_t c = i % channels;
      const T normal = (src[i] - mean[c]) / std::sqrt(variance[c] + static_cast<T>(layer.epsilon));
      dst[i] = (gamma ? gamma[c] : T{1}) * normal + (beta ? beta[c] : T{0});
    }
  }
};

}  // namespace

Support supports(const BatchNormalization&, Direction direction) {
  return forward_only(BatchNormalization::kind, direction);
}

std::unique_ptr<Kernel> prepare(const BatchNormalization& layer, const PrepareContext& context) {
  return with_scalar(context.precision, [&]<class T>() {
    return loops(Normalize<T>{layer, WeightArrays<T>(context), context.dst.shape.elements(),
                              context.dst.shape.back()});
  });
}

}  // namespace petal::reference
