#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/random_elements.h"

namespace petal::cuda {
namespace {

struct DropChannel {
  float rate, scale;
  std::uint32_t channels;
  PETAL_BODY float operator()(const SampleStreams& streams, Index sample, std::uint32_t i, float x) const {
    return streams.uniform(sample, i % channels) >= rate ? x * scale : 0.0f;
  }
};

}  // namespace

Support supports(const SpatialDropout2D&, Direction direction) {
  return without_weights(direction);
}

KernelPointer prepare(const SpatialDropout2D& layer, const Device& device, const PrepareContext& context) {
  return prepare_random_elements(device, context,
                                 DropChannel{layer.rate, 1.0f / (1.0f - layer.rate),
                                             static_cast<std::uint32_t>(context.dst.shape.back())});
}

}  // namespace petal::cuda
