#include "kernels/reference/cropping2d.h"

#include <algorithm>

namespace petal::reference {
namespace {

// Calls f(d, s) for each element of dst.
template <class F>
void elements(const Image& src, const Image& dst, const Padding2D& cropping, F f) {
  for (std::int64_t n = 0; n < dst.batch; ++n)
    for (std::int64_t y = 0; y < dst.height; ++y)
      for (std::int64_t x = 0; x < dst.width; ++x)
        for (std::int64_t c = 0; c < dst.channels; ++c)
          f(dst.at(n, y, x, c), src.at(n, y + cropping.top, x + cropping.left, c));
}

}  // namespace

Support supports(const Cropping2D&, Direction direction) {
  return without_weights(Cropping2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Cropping2D& layer, const PrepareContext& context) {
  const Image src(context.src[0].shape), dst(context.dst.shape);
  const std::int64_t src_elements = context.src[0].shape.elements();
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        elements(src, dst, layer.cropping,
                 [&](std::int64_t d, std::int64_t s) { as<T>(b.dst)[d] = as<T>(b.src[0])[s]; });
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      std::fill_n(as<T>(b.diff_src[0]), src_elements, T{0});
      elements(src, dst, layer.cropping,
               [&](std::int64_t d, std::int64_t s) { as<T>(b.diff_src[0])[s] = as<T>(b.diff_dst)[d]; });
    });
  });
}

}  // namespace petal::reference
