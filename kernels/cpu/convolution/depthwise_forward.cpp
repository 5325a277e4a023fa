#include "kernels/cpu/convolution/depthwise_forward.h"

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
        rows_(depthwise_rows(convolution, context)),
        has_bias_(convolution.use_bias) {}

  void run(const Bindings& bindings) override {
    const std::span<const std::byte* const> weights = weights_(bindings);
    const float* kernel = floats(weights[0]);
    const float* bias = has_bias_ ? floats(weights[1]) : nullptr;
    // Row by row: where src comes from memory, more at a time gains nothing.
#pragma omp parallel for num_threads(threads_) schedule(static)
    for (std::int64_t i = 0; i < dst_[0] * dst_[1]; ++i) {
      DepthwiseRows rows = rows_;
      rows.src = floats(bindings.src[0]) + i / dst_[1] * src_[1] * src_[2] * src_[3];
      rows.weights = kernel;
      rows.bias = bias;
      rows.begin = i % dst_[1];
      rows.end = rows.begin + 1;
      rows.dst = floats(bindings.dst) + i * dst_[2] * dst_[3];
      run_depthwise_rows(rows);
    }
  }

  std::string implementation() const override {
    return vectors_name();
  }

 private:
  Window window_;
  Shape src_, dst_;
  int threads_;
  RunWeights weights_;
  DepthwiseRows rows_;
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

DepthwiseRows depthwise_rows(const Convolution& convolution, const PrepareContext& context) {
  const Cut cut = cut_of(convolution.activation).value();
  const Window& window = convolution.window;
  return {.src = nullptr,
          .src_first = 0,
          .src_held = window.input.height,
          .src_rows = window.input.height,
          .src_columns = window.input.width,
          .weights = nullptr,
          .bias = nullptr,
          .dst = nullptr,
          .begin = 0,
          .end = 0,
          .columns = window.output.width,
          .channels = context.dst.shape[3],
          .src_step = context.dst.shape[3],
          .dst_step = context.dst.shape[3],
          .row_stride = window.strides.height,
          .stride = window.strides.width,
          .top = window.padding.top,
          .left = window.padding.left,
          .least = cut.least,
          .most = cut.most};
}

KernelPointer prepare_depthwise_forward(const Convolution& convolution, const Device& device,
                                        const PrepareContext& context) {
  if (has_avx512() || !fits_depthwise_rows(convolution, context)) return nullptr;
  return std::make_unique<DepthwiseForward>(convolution, device, context);
}

}  // namespace petal::cpu
