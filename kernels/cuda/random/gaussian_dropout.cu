#include <cmath>

#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/random_elements.h"

namespace petal::cuda {
namespace {

struct Factor {
  float deviation;
  PETAL_BODY float operator()(const SampleStreams& streams, Index sample, std::uint32_t i, float x) const {
    return x * (1.0f + deviation * streams.normal(sample, i));
  }
};

}  // namespace

Support supports(const GaussianDropout&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const GaussianDropout& layer, const Device& device, const PrepareContext& context) {
  return prepare_random_elements(device, context, Factor{std::sqrt(layer.rate / (1.0f - layer.rate))});
}

}  // namespace petal::cuda
