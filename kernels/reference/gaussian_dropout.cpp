#include "kernels/reference/gaussian_dropout.h"

#include <cmath>

#include "kernels/reference/random_elements.h"

namespace petal::reference {

Support supports(const GaussianDropout&, Direction direction) {
  return without_weights(GaussianDropout::kind, direction);
}

std::unique_ptr<Kernel> prepare(const GaussianDropout& layer, const PrepareContext& context) {
  const double rate = static_cast<double>(layer.rate), deviation = std::sqrt(rate / (1 - rate));
  return prepare_random_factor(context, [=](const RandomStream& random, std::int64_t i) {
    return 1 + deviation * static_cast<double>(random.normal(static_cast<std::uint32_t>(i)));
  });
}

}  // namespace petal::reference
