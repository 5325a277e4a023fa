#pragma once

#include "kernels/reference/kernel.h"

namespace petal::reference {

// dst = function(src) for each element; diff_src = diff_dst * derivative(v), where v is src or dst, as the
// layer's BackwardNeeds say. Both take and give any scalar.
template <class Function, class Derivative>
std::unique_ptr<Kernel> prepare_elementwise(const PrepareContext& context, Function function,
                                            Derivative derivative) {
  const std::int64_t elements = context.dst.shape.elements();
  const bool from_src = backward_needs(context.node.layer).src;
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& bindings) {
        const T* src = as<T>(bindings.src[0]);
        T* dst = as<T>(bindings.dst);
        for (std::int64_t i = 0; i < elements; ++i) dst[i] = function(src[i]);
      });
    }
    return loops([=](const Bindings& bindings) {
      const T* value = from_src ? as<T>(bindings.src[0]) : as<T>(const_cast<const std::byte*>(bindings.dst));
      const T* diff_dst = as<T>(bindings.diff_dst);
      T* diff_src = as<T>(bindings.diff_src[0]);
      if (!diff_src) return;
      for (std::int64_t i = 0; i < elements; ++i) diff_src[i] = diff_dst[i] * derivative(value[i]);
    });
  });
}

}  // namespace petal::reference
