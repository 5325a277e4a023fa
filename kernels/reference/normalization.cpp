#include "kernels/reference/normalization.h"

#include <algorithm>
#include <cmath>

namespace petal::reference {
namespace {

// The mean and the deviation of each channel, or of all.
template <class T>
class Fixed {
 public:
  Fixed(const Normalization& layer, const PrepareContext& context)
      : layer_(layer), weights_(context), channels_(context.dst.shape.back()) {}

  T mean(const Bindings& bindings, std::int64_t i) const { return at(layer_.mean, bindings, 0, i); }
  T deviation(const Bindings& bindings, std::int64_t i) const {
    return std::max(std::sqrt(at(layer_.variance, bindings, 1, i)), T(1e-7));
  }

 private:
  T at(const std::vector<float>& constants, const Bindings& bindings, std::size_t weight,
       std::int64_t i) const {
    const bool is_one = constants.empty() ? !layer_.by_channel : constants.size() == 1;
    const std::int64_t place = is_one ? 0 : i % channels_;
    return constants.empty() ? weights_(bindings, weight)[place]
                             : static_cast<T>(constants[static_cast<std::size_t>(place)]);
  }

  Normalization layer_;
  WeightArrays<T> weights_;
  std::int64_t channels_;
};

}  // namespace

Support supports(const Normalization&, Direction direction) {
  return without_weights(Normalization::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Normalization& layer, const PrepareContext& context) {
  const std::int64_t elements = context.dst.shape.elements();
  return with_scalar(context.precision, [&]<class T>() {
    Fixed<T> fixed(layer, context);
    if (context.direction == Direction::forward) {
      return loops([f = std::move(fixed), elements](const Bindings& b) {
        for (std::int64_t i = 0; i < elements; ++i) {
          as<T>(b.dst)[i] = (as<T>(b.src[0])[i] - f.mean(b, i)) / f.deviation(b, i);
        }
      });
    }
    return loops([f = std::move(fixed), elements](const Bindings& b) {
      if (!b.diff_src[0]) return;
      for (std::int64_t i = 0; i < elements; ++i) {
        as<T>(b.diff_src[0])[i] = as<T>(b.diff_dst)[i] / f.deviation(b, i);
      }
    });
  });
}

}  // namespace petal::reference
