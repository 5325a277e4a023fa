#include "kernels/cuda/layout/frame.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const ZeroPadding2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const ZeroPadding2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_frame(device, context, layer.padding.top, layer.padding.left);
}

}  // namespace petal::cuda
