#include "kernels/cuda/activation/elementwise.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

struct Leak {
  float slope;
  PETAL_BODY float forward(float x) const { return x > 0.0f ? x : slope * x; }
  PETAL_BODY float derivative(float v) const { return v > 0.0f ? 1.0f : slope; }
};

}  // namespace

Support supports(const LeakyReLU&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const LeakyReLU& layer, const Device& device, const PrepareContext& context) {
  return prepare_elementwise(device, context, Leak{layer.negative_slope});
}

}  // namespace petal::cuda
