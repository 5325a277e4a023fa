#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/random_elements.h"

namespace petal::cuda {
namespace {

struct Noise {
  float deviation;
  PETAL_BODY float operator()(const SampleStreams& streams, Index sample, std::uint32_t i, float x) const {
    return x + deviation * streams.normal(sample, i);
  }
};

}  // namespace

Support supports(const GaussianNoise&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const GaussianNoise& layer, const Device& device, const PrepareContext& context) {
  if (context.direction != Direction::forward) return prepare_copy(device, context);
  return prepare_random_elements(device, context, Noise{layer.stddev});
}

}  // namespace petal::cuda
