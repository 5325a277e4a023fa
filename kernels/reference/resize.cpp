#include "engine/resize.h"

#include <algorithm>

#include "kernels/reference/resize.h"

namespace petal::reference {
namespace {

// dst = A src with a sparse A: calls f(d, s, A(d, s)) for its elements.
struct Resize {
  Resize(Interpolation interpolation, const PrepareContext& context)
      : src(context.src[0].shape),
        dst(context.dst.shape),
        rows(resize_taps(src.height, dst.height, interpolation)),
        columns(resize_taps(src.width, dst.width, interpolation)) {}

  template <class T, class F>
  void products(F f) const {
    for (std::int64_t n = 0; n < dst.batch; ++n)
      for (std::int64_t y = 0; y < dst.height; ++y)
        for (std::int64_t x = 0; x < dst.width; ++x) {
          const ResizeTap& row = rows[static_cast<std::size_t>(y)];
          const ResizeTap& column = columns[static_cast<std::size_t>(x)];
          const T below = static_cast<T>(row.weight), right = static_cast<T>(column.weight);
          for (std::int64_t c = 0; c < dst.channels; ++c) {
            const std::int64_t d = dst.at(n, y, x, c);
            f(d, src.at(n, row.lower, column.lower, c), (1 - below) * (1 - right));
            f(d, src.at(n, row.lower, column.upper, c), (1 - below) * right);
            f(d, src.at(n, row.upper, column.lower, c), below * (1 - right));
            f(d, src.at(n, row.upper, column.upper, c), below * right);
          }
        }
  }

  Image src, dst;
  std::vector<ResizeTap> rows, columns;
};

std::unique_ptr<Kernel> prepare_resize(Interpolation interpolation, const PrepareContext& context) {
  const Resize resize(interpolation, context);
  const std::int64_t src_elements = context.src[0].shape.elements();
  const std::int64_t dst_elements = context.dst.shape.elements();
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return loops([=](const Bindings& b) {
        std::fill_n(as<T>(b.dst), dst_elements, T{0});
        resize.products<T>([&](auto d, auto s, T weight) { as<T>(b.dst)[d] += as<T>(b.src[0])[s] * weight; });
      });
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      std::fill_n(as<T>(b.diff_src[0]), src_elements, T{0});
      resize.products<T>(
          [&](auto d, auto s, T weight) { as<T>(b.diff_src[0])[s] += as<T>(b.diff_dst)[d] * weight; });
    });
  });
}

}  // namespace

Support supports(const UpSampling2D&, Direction direction) {
  return without_weights(UpSampling2D::kind, direction);
}
std::unique_ptr<Kernel> prepare(const UpSampling2D& layer, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, context);
}

Support supports(const Resizing&, Direction direction) {
  return without_weights(Resizing::kind, direction);
}
std::unique_ptr<Kernel> prepare(const Resizing& layer, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, context);
}

}  // namespace petal::reference
