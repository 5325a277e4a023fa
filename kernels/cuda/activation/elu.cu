#include <cmath>

#include "kernels/cuda/activation/elementwise.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

struct Exponential {
  float alpha;
  bool from_src;
  PETAL_BODY float forward(float x) const { return x > 0.0f ? x : alpha * std::expm1(x); }
  PETAL_BODY float derivative(float v) const {
    if (v > 0.0f) return 1.0f;
    return from_src ? alpha * std::exp(v) : v + alpha;
  }
};

}  // namespace

Support supports(const ELU&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const ELU& layer, const Device& device, const PrepareContext& context) {
  return prepare_elementwise(device, context, Exponential{layer.alpha, backward_needs(layer).src});
}

}  // namespace petal::cuda
