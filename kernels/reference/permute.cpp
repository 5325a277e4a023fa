#include "kernels/reference/permute.h"

namespace petal::reference {
namespace {

// For each element of dst, counted from the first, where it lies in src.
std::vector<std::int64_t> places(const Permute& layer, const Shape& src, const Shape& dst) {
  std::vector<std::int64_t> result;
  for (std::int64_t d = 0; d < dst.elements(); ++d) {
    std::array<std::int64_t, Shape::max_rank> at{};  // in src
    std::int64_t rest = d;
    for (std::size_t axis = dst.rank(); axis-- > 0; rest /= dst[axis]) {
      at[axis == 0 ? 0 : static_cast<std::size_t>(layer.dims[axis - 1])] = rest % dst[axis];
    }
    std::int64_t place = 0;
    for (std::size_t axis = 0; axis < src.rank(); ++axis) place = place * src[axis] + at[axis];
    result.push_back(place);
  }
  return result;
}

}  // namespace

Support supports(const Permute&, Direction direction) {
  return without_weights(Permute::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Permute& layer, const PrepareContext& context) {
  const std::vector<std::int64_t> from = places(layer, context.src[0].shape, context.dst.shape);
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        for (std::size_t i = 0; i < from.size(); ++i) as<T>(b.dst)[i] = as<T>(b.src[0])[from[i]];
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      for (std::size_t i = 0; i < from.size(); ++i) as<T>(b.diff_src[0])[from[i]] = as<T>(b.diff_dst)[i];
    });
  });
}

}  // namespace petal::reference
