#include "kernels/reference/spatial_dropout2d.h"

#include "kernels/reference/random_elements.h"

namespace petal::reference {

Support supports(const SpatialDropout2D&, Direction direction) {
  return without_weights(SpatialDropout2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const SpatialDropout2D& layer, const PrepareContext& context) {
  const double rate = static_cast<double>(layer.rate);
  const std::int64_t channels = context.dst.shape.back();
  return prepare_random_factor(context, [=](const RandomStream& random, std::int64_t i) {
    const bool kept = random.uniform(static_cast<std::uint32_t>(i % channels)) >= layer.rate;
    return kept ? 1 / (1 - rate) : 0.0;
  });
}

}  // namespace petal::reference
