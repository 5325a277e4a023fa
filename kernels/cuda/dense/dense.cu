#include "kernels/cuda/dense/dense_kernel.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {

Support supports(const Dense& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

KernelPointer prepare(const Dense& layer, const Device& device, const PrepareContext& context) {
  if (device.libraries) {
    if (KernelPointer kernel = device.libraries->prepare_dense(device, context, layer)) return kernel;
  }
  return prepare_convolution(device, context, convolution_of(layer, context));
}

}  // namespace petal::cuda
