#include "kernels/reference/depthwise_conv2d.h"

#include "kernels/reference/sum_of_products.h"

namespace petal::reference {
namespace {

// dst(n, y, x, c * multiplier + m) takes src(n, y * stride + ky * dilation - top, ..., c) * kernel(ky, kx, c,
// m).
struct DepthwiseProducts {
  Image src, dst;
  Window window;
  std::int64_t multiplier;

  template <class F>
  void operator()(F f) const {
    for (std::int64_t n = 0; n < dst.batch; ++n)
      for (std::int64_t y = 0; y < dst.height; ++y)
        for (std::int64_t x = 0; x < dst.width; ++x)
          for (std::int64_t ky = 0; ky < window.kernel.height; ++ky)
            for (std::int64_t kx = 0; kx < window.kernel.width; ++kx) tap(f, n, y, x, ky, kx);
  }

  template <class F>
  void tap(F f, std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t ky, std::int64_t kx) const {
    const std::int64_t sy = y * window.strides.height + ky * window.dilation.height - window.padding.top;
    const std::int64_t sx = x * window.strides.width + kx * window.dilation.width - window.padding.left;
    if (!src.holds(sy, sx)) return;
    for (std::int64_t c = 0; c < dst.channels; ++c)
      f(dst.at(n, y, x, c), src.at(n, sy, sx, c / multiplier),
        (ky * window.kernel.width + kx) * dst.channels + c);
  }
};

}  // namespace

Support supports(const DepthwiseConv2D& layer, Direction direction) {
  return supports_fused(layer.activation, direction);
}

std::unique_ptr<Kernel> prepare(const DepthwiseConv2D& layer, const PrepareContext& context) {
  const Image src(context.src[0].shape);
  const Window window = resolve_window(context.node.name, {src.height, src.width}, layer.kernel,
                                       layer.strides, layer.dilation, layer.padding);
  return prepare_sum_of_products(
      layer, context, DepthwiseProducts{src, Image(context.dst.shape), window, layer.depth_multiplier});
}

}  // namespace petal::reference
