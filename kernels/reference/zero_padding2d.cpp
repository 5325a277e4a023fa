#include "kernels/reference/zero_padding2d.h"

namespace petal::reference {
namespace {

// Calls f(d, s) for each element of dst; s is -1 in the padding.
template <class F>
void elements(const Image& src, const Image& dst, const Padding2D& padding, F f) {
  for (std::int64_t n = 0; n < dst.batch; ++n)
    for (std::int64_t y = 0; y < dst.height; ++y)
      for (std::int64_t x = 0; x < dst.width; ++x)
        for (std::int64_t c = 0; c < dst.channels; ++c) {
          const std::int64_t sy = y - padding.top;
          const std::int64_t sx = x - padding.left;
          f(dst.at(n, y, x, c), src.holds(sy, sx) ? src.at(n, sy, sx, c) : -1);
        }
}

}  // namespace

Support supports(const ZeroPadding2D&, Direction direction) {
  return without_weights(ZeroPadding2D::kind, direction);
}

std::unique_ptr<Kernel> prepare(const ZeroPadding2D& layer, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Image dst(context.dst.shape);
  const Padding2D padding = layer.padding;
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        elements(src, dst, padding, [&](std::int64_t d, std::int64_t s) {
          as<T>(b.dst)[d] = s >= 0 ? as<T>(b.src[0])[s] : T{0};
        });
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      elements(src, dst, padding, [&](std::int64_t d, std::int64_t s) {
        if (s >= 0) as<T>(b.diff_src[0])[s] = as<T>(b.diff_dst)[d];
      });
    });
  });
}

}  // namespace petal::reference
