#include "kernels/cuda/layout/copy.h"

#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

struct Copy {
  Numbers src;
  Results dst;
  PETAL_BODY void operator()(Index i) const { dst[i] = src[i]; }
};

}  // namespace

KernelPointer prepare_copy(const Device& device, const PrepareContext& context) {
  const Index elements = context.dst.shape.elements();
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::forward) {
    return launches(
        [=](const Bindings& b) {
          if (b.dst == b.src[0]) return;
          for_each(queue, elements, Copy{arrays.src(b), arrays.dst(b)});
        },
        {.in_place_input = arrays.in_place()});
  }
  return launches([=](const Bindings& b) {
    if (b.diff_src[0]) for_each(queue, elements, Copy{arrays.diff_dst(b), arrays.diff_src(b)});
  });
}

Support supports(const Flatten&, Direction direction) {
  return without_weights(direction);
}
KernelPointer prepare(const Flatten&, const Device& device, const PrepareContext& context) {
  return prepare_copy(device, context);
}

Support supports(const Reshape&, Direction direction) {
  return without_weights(direction);
}
KernelPointer prepare(const Reshape&, const Device& device, const PrepareContext& context) {
  return prepare_copy(device, context);
}

Support supports(const ActivityRegularization&, Direction direction) {
  if (direction == Direction::forward) return {};
  return {false, "its penalty on activations is not computed; train the model without the layer"};
}
KernelPointer prepare(const ActivityRegularization&, const Device& device, const PrepareContext& context) {
  return prepare_copy(device, context);
}

}  // namespace petal::cuda
