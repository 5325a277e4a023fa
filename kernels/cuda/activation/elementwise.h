#pragma once

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// dst = function.forward(src) for each element.
template <class Function>
struct ElementsForward {
  Numbers src;
  Results dst;
  Function function;
  PETAL_BODY void operator()(Index i) const { dst[i] = function.forward(src[i]); }
};

// diff_src = diff_dst * function.derivative(value); value is src or dst.
template <class Function>
struct ElementsBackward {
  Numbers value, diff_dst;
  Results diff_src;
  Function function;
  PETAL_BODY void operator()(Index i) const { diff_src[i] = diff_dst[i] * function.derivative(value[i]); }
};

// The kernel of a function of one element. `derivative` is given what the layer's BackwardNeeds name.
template <class Function>
KernelPointer prepare_elementwise(const Device& device, const PrepareContext& context,
                                  const Function& function) {
  const Index elements = context.dst.shape.elements();
  const bool from_src = backward_needs(context.node.layer).src;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          for_each(queue, elements, ElementsForward<Function>{arrays.src(b), arrays.dst(b), function});
        },
        {.in_place_input = arrays.in_place()});
  }
  return launches([=](const Bindings& b) {
    if (!b.diff_src[0]) return;
    const Numbers value = from_src ? arrays.src(b) : arrays.computed(b);
    for_each(queue, elements,
             ElementsBackward<Function>{value, arrays.diff_dst(b), arrays.diff_src(b), function});
  });
}

}  // namespace petal::cuda
