#include "kernels/reference/add.h"

#include <algorithm>

namespace petal::reference {

Support supports(const Add&, Direction direction) {
  return without_weights(Add::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Add&, const PrepareContext& context) {
  const std::int64_t elements = context.dst.shape.elements();
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        for (std::int64_t i = 0; i < elements; ++i) {
          T sum{};
          for (const std::byte* src : b.src) sum += as<T>(src)[i];
          as<T>(b.dst)[i] = sum;
        }
      });
    }
    return loops([=](const Bindings& b) {
      for (std::byte* diff_src : b.diff_src) {
        if (diff_src) std::copy_n(as<T>(b.diff_dst), elements, as<T>(diff_src));
      }
    });
  });
}

}  // namespace petal::reference
