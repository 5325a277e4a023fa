#include "kernels/reference/conv2d_transpose.h"

#include "kernels/reference/sum_of_products.h"

namespace petal::reference {
namespace {

// src(n, y, x, c) * kernel(ky, kx, f, c) goes into dst(n, y * stride + ky * dilation - top, ..., f).
struct TransposedProducts {
  Image src, dst;
  Window window;

  template <class F>
  void operator()(F f) const {
    for (std::int64_t n = 0; n < src.batch; ++n)
      for (std::int64_t y = 0; y < src.height; ++y)
        for (std::int64_t x = 0; x < src.width; ++x)
          for (std::int64_t ky = 0; ky < window.kernel.height; ++ky)
            for (std::int64_t kx = 0; kx < window.kernel.width; ++kx) tap(f, n, y, x, ky, kx);
  }

  template <class F>
  void tap(F f, std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t ky, std::int64_t kx) const {
    const std::int64_t dy = y * window.strides.height + ky * window.dilation.height - window.padding.top;
    const std::int64_t dx = x * window.strides.width + kx * window.dilation.width - window.padding.left;
    if (!dst.holds(dy, dx)) return;
    for (std::int64_t filter = 0; filter < dst.channels; ++filter)
      for (std::int64_t c = 0; c < src.channels; ++c)
        f(dst.at(n, dy, dx, filter), src.at(n, y, x, c),
          ((ky * window.kernel.width + kx) * dst.channels + filter) * src.channels + c);
  }
};

}  // namespace

Support supports(const Conv2DTranspose& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

std::unique_ptr<Kernel> prepare(const Conv2DTranspose& layer, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Window window = transposed_window(layer, context.node.name, {src.height, src.width});
  return prepare_sum_of_products(layer, context, TransposedProducts{src, Image(context.dst.shape), window});
}

}  // namespace petal::reference
