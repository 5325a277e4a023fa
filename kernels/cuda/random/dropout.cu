#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/random_elements.h"

namespace petal::cuda {
namespace {

struct Drop {
  float rate, scale;
  PETAL_BODY float operator()(const SampleStreams& streams, Index sample, std::uint32_t i, float x) const {
    return streams.uniform(sample, i) >= rate ? x * scale : 0.0f;
  }
};

}  // namespace

Support supports(const Dropout&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const Dropout& layer, const Device& device, const PrepareContext& context) {
  return prepare_random_elements(device, context, Drop{layer.rate, 1.0f / (1.0f - layer.rate)});
}

}  // namespace petal::cuda
