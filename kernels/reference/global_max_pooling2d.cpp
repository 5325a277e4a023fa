#include "kernels/reference/global_max_pooling2d.h"

#include "kernels/reference/pooling.h"

namespace petal::reference {

Support supports(const GlobalMaxPooling2D&, Direction direction) {
  return without_weights(GlobalMaxPooling2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const GlobalMaxPooling2D&, const PrepareContext& context) {
  const Pooling pooling = Pooling::global(context);
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([pooling](const Bindings& b) { pooling.max(as<T>(b.src[0]), as<T>(b.dst), nullptr); });
    }
    return loops([pooling](const Bindings& b) {
      if (!b.diff_src[0]) return;
      const T* dst = as<T>(b.dst);
      pooling.shared_max_backward(as<T>(b.src[0]), dst, as<T>(b.diff_dst), as<T>(b.diff_src[0]));
    });
  });
}

}  // namespace petal::reference
