#pragma once

#include "kernels/cuda/layout/copy.h"
#include "kernels/cuda/random/random.h"

namespace petal::cuda {

// to = function(streams, sample, i, from) for each element, i counting from the sample's first.
template <class Function>
struct RandomElements {
  SampleStreams streams;
  Index each;
  Function function;
  Numbers from;
  Results to;
  PETAL_BODY void operator()(Index i) const {
    to[i] = function(streams, i / each, static_cast<std::uint32_t>(i % each), from[i]);
  }
};

// Whether a dropout or a noise draws at all.
inline bool draws(const PrepareContext& context) {
  return context.mode == Mode::training && context.node.trainable;
}

// The kernel of a layer that does so in training, where it is not frozen. Going back the gradient takes the
// same way, with the same draws.
template <class Function>
KernelPointer prepare_random_elements(const Device& device, const PrepareContext& context,
                                      const Function& function) {
  if (!draws(context)) return prepare_copy(device, context);
  const Index elements = context.dst.shape.elements(), each = elements / context.dst.shape[0];
  const std::uint32_t number = context.layer;
  const bool forward = context.direction == Direction::forward;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  return launches([=](const Bindings& b) {
    const Numbers from = forward ? arrays.src(b) : arrays.diff_dst(b);
    const Results to = forward ? arrays.dst(b) : arrays.diff_src(b);
    if (!to) return;
    const SampleStreams streams(*b.context, RandomPurpose::dropout, number);
    for_each(queue, elements, RandomElements<Function>{streams, each, function, from, to});
  });
}

}  // namespace petal::cuda
