#include "kernels/reference/rescaling.h"

namespace petal::reference {
namespace {

template <class From, class T>
std::unique_ptr<Kernel> prepare_forward(const Rescaling& layer, const Shape& shape) {
  return loops([=](const Bindings& b) {
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
      const std::int64_t c = i % shape.back();
      as<T>(b.dst)[i] = static_cast<T>(as<From>(b.src[0])[i]) * static_cast<T>(layer.scale[c]) +
                        static_cast<T>(layer.offset[c]);
    }
  });
}

}  // namespace

Support supports(const Rescaling&, Direction direction) {
  return without_weights(Rescaling::kind, direction);
}

std::unique_ptr<Kernel> prepare(const Rescaling& layer, const PrepareContext& context) {
  const Shape shape = context.dst.shape;
  const bool pixels = context.src[0].type == DataType::u8;
  return with_scalar(context.precision, [&]<class T>() {
    if (context.direction == Direction::forward) {
      return pixels ? prepare_forward<std::uint8_t, T>(layer, shape) : prepare_forward<T, T>(layer, shape);
    }
    return loops([=](const Bindings& b) {
      if (!b.diff_src[0]) return;
      for (std::int64_t i = 0; i < shape.elements(); ++i) {
        as<T>(b.diff_src[0])[i] = as<T>(b.diff_dst)[i] * static_cast<T>(layer.scale[i % shape.back()]);
      }
    });
  });
}

}  // namespace petal::reference
