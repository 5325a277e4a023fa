#include "kernels/cuda/operations.h"
#include "kernels/cuda/pooling/pooling.h"

namespace petal::cuda {

Support supports(const GlobalAveragePooling2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const GlobalAveragePooling2D&, const Device& device, const PrepareContext& context) {
  return prepare_average(device, context, PoolingGeometry::global(context));
}

}  // namespace petal::cuda
