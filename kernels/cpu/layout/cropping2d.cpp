#include <algorithm>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// Rows of src, of which dst has those from `top` on, without `left` elements in front.
class CroppingKernel : public Kernel {
 public:
  CroppingKernel(const Cropping2D& layer, const PrepareContext& context)
      : batch_(context.dst.shape[0]),
        src_height_(context.src[0].shape[1]),
        dst_height_(context.dst.shape[1]),
        src_row_(context.src[0].shape[2] * context.src[0].shape[3]),
        dst_row_(context.dst.shape[2] * context.dst.shape[3]),
        top_(layer.cropping.top),
        left_(layer.cropping.left * context.dst.shape[3]) {}

  std::string implementation() const override { return "copy"; }

 protected:
  std::int64_t batch_, src_height_, dst_height_, src_row_, dst_row_, top_, left_;
};

class CroppingForward final : public CroppingKernel {
 public:
  using CroppingKernel::CroppingKernel;

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * dst_height_ * dst_row_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t y = 0; y < dst_height_; ++y) {
        std::copy_n(src + (n * src_height_ + y + top_) * src_row_ + left_, dst_row_,
                    dst + (n * dst_height_ + y) * dst_row_);
      }
    }
  }
};

class CroppingBackward final : public CroppingKernel {
 public:
  using CroppingKernel::CroppingKernel;

  void run(const Bindings& bindings) override {
    const float* diff_dst = floats(bindings.diff_dst);
    float* diff_src = floats(bindings.diff_src[0]);
    if (!diff_src) return;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * src_height_ * src_row_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t y = 0; y < src_height_; ++y) {
        float* to = diff_src + (n * src_height_ + y) * src_row_;
        std::fill_n(to, src_row_, 0.0f);
        if (y < top_ || y >= top_ + dst_height_) continue;
        std::copy_n(diff_dst + (n * dst_height_ + y - top_) * dst_row_, dst_row_, to + left_);
      }
    }
  }
};

}  // namespace

Support supports(const Cropping2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Cropping2D& layer, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<CroppingForward>(layer, context);
  return std::make_unique<CroppingBackward>(layer, context);
}

}  // namespace petal::cpu
