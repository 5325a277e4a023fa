#include "kernels/cpu/pooling.h"

namespace petal::cpu {

Support supports(const AveragePooling2D&, Direction direction) {
  if (direction == Direction::forward) return {};
  return {false, "the gradient of average pooling arrives with training of the base"};
}

KernelPointer prepare(const AveragePooling2D& layer, const Device& device, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  const Window window =
      resolve_window(where(context.node), {src[1], src[2]}, layer.pool, layer.strides, {1, 1}, layer.padding);
  return prepare_pooling(dnnl::algorithm::pooling_avg_exclude_padding, window, device, context);
}

}  // namespace petal::cpu
