#include "kernels/cuda/layout/frame.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const Cropping2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Cropping2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_frame(device, context, -layer.cropping.top, -layer.cropping.left);
}

}  // namespace petal::cuda
