#include <algorithm>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// Visits each row of dst: the whole of it is padding, or `left` columns, a row of src, `right` columns.
class ZeroPaddingKernel : public Kernel {
 public:
  ZeroPaddingKernel(const ZeroPadding2D& layer, const PrepareContext& context)
      : padding_(layer.padding),
        batch_(context.dst.shape[0]),
        src_height_(context.src[0].shape[1]),
        dst_height_(context.dst.shape[1]),
        src_row_(context.src[0].shape[2] * context.src[0].shape[3]),
        dst_row_(context.dst.shape[2] * context.dst.shape[3]),
        left_(padding_.left * context.dst.shape[3]) {}

  std::string implementation() const override { return "copy"; }

 protected:
  // The row of src that row y of dst holds; negative or past the end for padding.
  std::int64_t source_row(std::int64_t y) const { return y - padding_.top; }

  Padding2D padding_;
  std::int64_t batch_, src_height_, dst_height_, src_row_, dst_row_, left_;
};

class ZeroPaddingForward final : public ZeroPaddingKernel {
 public:
  using ZeroPaddingKernel::ZeroPaddingKernel;

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * dst_height_ * dst_row_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t y = 0; y < dst_height_; ++y) {
        float* to = dst + (n * dst_height_ + y) * dst_row_;
        const std::int64_t from = source_row(y);
        if (from < 0 || from >= src_height_) {
          std::fill_n(to, dst_row_, 0.0f);
          continue;
        }
        std::fill_n(to, left_, 0.0f);
        std::copy_n(src + (n * src_height_ + from) * src_row_, src_row_, to + left_);
        std::fill(to + left_ + src_row_, to + dst_row_, 0.0f);
      }
    }
  }
};

class ZeroPaddingBackward final : public ZeroPaddingKernel {
 public:
  using ZeroPaddingKernel::ZeroPaddingKernel;

  void run(const Bindings& bindings) override {
    const float* diff_dst = floats(bindings.diff_dst);
    float* diff_src = floats(bindings.diff_src[0]);
    if (!diff_src) return;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * dst_height_ * dst_row_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t y = 0; y < src_height_; ++y) {
        std::copy_n(diff_dst + (n * dst_height_ + y + padding_.top) * dst_row_ + left_, src_row_,
                    diff_src + (n * src_height_ + y) * src_row_);
      }
    }
  }
};

}  // namespace

Support supports(const ZeroPadding2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const ZeroPadding2D& layer, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<ZeroPaddingForward>(layer, context);
  return std::make_unique<ZeroPaddingBackward>(layer, context);
}

}  // namespace petal::cpu
