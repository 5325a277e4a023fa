#include "kernels/cpu/convolution/depthwise_forward.h"

#include <algorithm>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/run_weights.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

class DepthwiseForward final : public Kernel {
 public:
  DepthwiseForward(const Convolution& convolution, const Device& device, const PrepareContext& context)
      : window_(convolution.window),
        src_(context.src[0].shape),
        dst_(context.dst.shape),
        threads_(dst_.elements() < worth_threads ? 1 : device.threads),
        weights_(context),
        row_(depthwise_row(convolution, context)),
        has_bias_(convolution.use_bias) {}

  void run(const Bindings& bindings) override {
    const std::span<const std::byte* const> weights = weights_(bindings);
    const float* kernel = floats(weights[0]);
    const float* bias = has_bias_ ? floats(weights[1]) : nullptr;
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
    const std::int64_t rows = dst_[0] * dst_[1];
#pragma omp parallel for num_threads(threads_) schedule(static)
    for (std::int64_t row = 0; row < rows; ++row) {
      DepthwiseRow one = row_;
      one.bias = bias;
      one.dst = dst + row * dst_[2] * dst_[3];
      set_window(one, src + row / dst_[1] * src_[1] * src_[2] * src_[3], 0, row % dst_[1], kernel, window_);
      run_depthwise_row(one);
    }
  }

  std::string implementation() const override {
    return "petal:avx2";
  }

 private:
  Window window_;
  Shape src_, dst_;
  int threads_;
  RunWeights weights_;
  DepthwiseRow row_;
  bool has_bias_;
};

}  // namespace

Convolution as_convolution(const DepthwiseConv2D& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  return {resolve_window(where(context.node), {src[1], src[2]}, layer.kernel, layer.strides, layer.dilation,
                         layer.padding),
          src.back(), layer.use_bias, layer.activation};
}

bool fits_depthwise_rows(const Convolution& convolution, const PrepareContext& context) {
  const Window& w = convolution.window;
  const std::int64_t channels = context.src[0].shape.back();
  const bool fits = w.kernel == Size2D{3, 3} && w.dilation == Size2D{1, 1} && channels % lanes == 0 &&
                    context.dst.shape.back() == channels && !context.node.fused_residual;
  const bool strides = w.strides.width == 1 || w.strides.width == 2;
  return fits && strides && cut_of(convolution.activation) && has_avx2();
}

bool is_depthwise_rows(const Convolution& convolution, const PrepareContext& context) {
  return has_avx2_alone() && fits_depthwise_rows(convolution, context);
}

DepthwiseRow depthwise_row(const Convolution& convolution, const PrepareContext& context) {
  const Cut cut = cut_of(convolution.activation).value();
  return {.src = {},
          .rows = 0,
          .weights = nullptr,
          .bias = nullptr,
          .dst = nullptr,
          .src_columns = context.src[0].shape[2],
          .columns = context.dst.shape[2],
          .channels = context.dst.shape[3],
          .stride = convolution.window.strides.width,
          .padding = convolution.window.padding.left,
          .least = cut.least,
          .most = cut.most};
}

void set_window(DepthwiseRow& row, const float* rows, std::int64_t first, std::int64_t y, const float* kernel,
                const Window& window) {
  const std::int64_t top = y * window.strides.height - window.padding.top;
  const std::int64_t begin = std::max<std::int64_t>(0, -top);
  const std::int64_t end = std::min<std::int64_t>(3, window.input.height - top);
  row.rows = 0;
  row.weights = kernel + begin * 3 * row.channels;
  for (std::int64_t k = begin; k < end; ++k)
    row.src[row.rows++] = rows + (top + k - first) * row.src_columns * row.channels;
}

KernelPointer prepare_depthwise_forward(const Convolution& convolution, const Device& device,
                                        const PrepareContext& context) {
  if (!is_depthwise_rows(convolution, context)) return nullptr;
  return std::make_unique<DepthwiseForward>(convolution, device, context);
}

}  // namespace petal::cpu
