#include "kernels/reference/dense.h"

#include "kernels/reference/sum_of_products.h"

namespace petal::reference {
namespace {

// dst(n, u) takes src(n, d) * kernel(d, u).
struct DenseProducts {
  std::int64_t batch, inputs, units;

  template <class F>
  void operator()(F f) const {
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t d = 0; d < inputs; ++d)
        for (std::int64_t u = 0; u < units; ++u) f(n * units + u, n * inputs + d, d * units + u);
  }
};

}  // namespace

Support supports(const Dense& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

std::unique_ptr<Kernel> prepare(const Dense& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  return prepare_sum_of_products(layer, context,
                                 DenseProducts{src.elements() / src.back(), src.back(), layer.units});
}

}  // namespace petal::reference
