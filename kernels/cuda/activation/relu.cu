#include <cmath>

#include "kernels/cuda/activation/elementwise.h"
#include "kernels/cuda/operations.h"

namespace petal::cuda {
namespace {

// TensorFlow's gradient at the corners: with a slope alone that of its leaky relu, whose corner belongs to
// the slope; else none at the threshold, and that of a cut at the limit, which lets the limit itself pass.
struct Rectifier {
  float threshold, slope, limit;
  bool leaky;
  PETAL_BODY float forward(float x) const {
    if (x > threshold) return x < limit ? x : limit;
    return slope * (x - threshold);
  }
  PETAL_BODY float derivative(float x) const {
    if (x > threshold) return x <= limit ? 1.0f : 0.0f;
    return x < threshold || leaky ? slope : 0.0f;
  }
};

}  // namespace

Support supports(const ReLU&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const ReLU& layer, const Device& device, const PrepareContext& context) {
  const bool leaky = layer.negative_slope != 0 && layer.threshold == 0 && std::isinf(layer.max_value);
  return prepare_elementwise(device, context,
                             Rectifier{layer.threshold, layer.negative_slope, layer.max_value, leaky});
}

}  // namespace petal::cuda
