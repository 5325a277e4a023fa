#include <array>

#include "kernels/cpu/bfloat16.h"
#include "kernels/cpu/convolution/depthwise_forward.h"
#include "kernels/cpu/run_weights.h"

namespace petal::cpu {
namespace {

// Depthwise 3x3 over bfloat16 images with float32 kernels: a core holds the three rows under the window as
// floats, each widened once, and the row of dst that it makes, and so touches memory at half of float32's
// bytes. Kernels of nine numbers a channel are not worth rounding: it would be most of MobileNetV2's error,
// and no bfloat16 instruction serves them.
class Bfloat16Depthwise final : public Kernel {
 public:
  Bfloat16Depthwise(const Convolution& convolution, const Device& device, const PrepareContext& context)
      : window_(convolution.window),
        src_(context.src[0].shape),
        dst_(context.dst.shape),
        parts_(dst_.elements() < worth_threads ? 1 : device.threads),
        weights_(context),
        rows_(depthwise_rows(convolution, context)),
        has_bias_(convolution.use_bias) {}

  void run(const Bindings& bindings) override {
    const std::int64_t rows = dst_[0] * dst_[1];
#pragma omp parallel for num_threads(parts_) schedule(static, 1)
    for (int part = 0; part < parts_; ++part)
      run_rows(bindings, part, rows * part / parts_, rows * (part + 1) / parts_);
  }

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(parts_ * floats_of_part()) * sizeof(float);
  }
  std::string implementation() const override {
    return "petal:bf16";
  }

 private:
  static constexpr std::int64_t held_rows = 3;

  std::int64_t src_row() const {
    return src_[2] * src_[3];
  }
  std::int64_t dst_row() const {
    return dst_[2] * dst_[3];
  }
  std::int64_t floats_of_part() const {
    return held_rows * src_row() + dst_row();
  }

  // Rows [begin, end) of all samples' dst.
  void run_rows(const Bindings& bindings, int part, std::int64_t begin, std::int64_t end) const {
    const std::span<const std::byte* const> weights = weights_(bindings);
    const auto* src = reinterpret_cast<const Bfloat16*>(bindings.src[0]);
    auto* dst = reinterpret_cast<Bfloat16*>(bindings.dst);
    float* held = floats(bindings.scratch) + part * floats_of_part();
    std::array<std::int64_t, held_rows> holds{-1, -1, -1};  // of src's rows of all samples
    DepthwiseRows one = rows_;
    one.src = held;
    one.src_held = held_rows;
    one.weights = floats(weights[0]);
    one.bias = has_bias_ ? floats(weights[1]) : nullptr;
    one.dst = held + held_rows * src_row();
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t sample = row / dst_[1];
      one.begin = row % dst_[1];
      one.end = one.begin + 1;
      const std::int64_t top = one.begin * window_.strides.height - window_.padding.top;
      for (std::int64_t y = std::max<std::int64_t>(0, top); y < std::min(src_[1], top + held_rows); ++y) {
        const auto slot = static_cast<std::size_t>(y % held_rows);
        if (holds[slot] == sample * src_[1] + y) continue;
        holds[slot] = sample * src_[1] + y;
        convert(src + holds[slot] * src_row(), src_row(), held + y % held_rows * src_row());
      }
      run_depthwise_rows(one);
      convert(one.dst, dst_row(), dst + row * dst_row());
    }
  }

  Window window_;
  Shape src_, dst_;
  int parts_;
  RunWeights weights_;
  DepthwiseRows rows_;
  bool has_bias_;
};

}  // namespace

KernelPointer prepare_bfloat16(const DepthwiseConv2D& layer, const Device& device,
                               const PrepareContext& context) {
  const Convolution convolution = as_convolution(layer, context);
  if (!is_all_bfloat16(context) || context.direction != Direction::forward ||
      !fits_depthwise_rows(convolution, context))
    return nullptr;
  return std::make_unique<Bfloat16Depthwise>(convolution, device, context);
}

}  // namespace petal::cpu
