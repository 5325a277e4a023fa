#pragma once

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// dst = function.forward(src) for each element.
template <class T, class Function>
struct ElementsForward {
  const T* src;
  T* dst;
  Function function;
  PETAL_BODY void operator()(Index i) const {
    dst[i] = static_cast<T>(function.forward(static_cast<float>(src[i])));
  }
};

// diff_src = diff_dst * function.derivative(value); value is src or dst.
template <class T, class Function>
struct ElementsBackward {
  const T *value, *diff_dst;
  T* diff_src;
  Function function;
  PETAL_BODY void operator()(Index i) const {
    diff_src[i] =
        static_cast<T>(static_cast<float>(diff_dst[i]) * function.derivative(static_cast<float>(value[i])));
  }
};

// The kernel of a function of one element. `derivative` is given what the layer's BackwardNeeds name.
template <class T, class Function>
KernelPointer prepare_elementwise(const Device& device, const PrepareContext& context,
                                  const Function& function) {
  const Index elements = context.dst.shape.elements();
  const bool from_src = backward_needs(context.node.layer).src;
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          for_each(queue, elements, ElementsForward<T, Function>{as<T>(b.src[0]), as<T>(b.dst), function});
        },
        {.in_place_input = 0});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    const T* value = from_src ? as<T>(b.src[0]) : as<T>(b.dst);
    for_each(queue, elements,
             ElementsBackward<T, Function>{value, as<T>(b.diff_dst), as<T>(b.diff_src[0]), function});
  });
}

}  // namespace petal::cuda
