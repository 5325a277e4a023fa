#include "engine/resize.h"

#include <algorithm>

#include "kernels/cpu/operations.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

// What UpSampling2D and Resizing have in common.
class ResizeKernel : public Kernel {
 public:
  ResizeKernel(Interpolation interpolation, const PrepareContext& context)
      : nearest_(interpolation == Interpolation::nearest),
        batch_(context.dst.shape[0]),
        src_height_(context.src[0].shape[1]),
        src_width_(context.src[0].shape[2]),
        channels_(context.dst.shape[3]),
        rows_(resize_taps(src_height_, context.dst.shape[1], interpolation)),
        columns_(resize_taps(src_width_, context.dst.shape[2], interpolation)) {}

  std::string implementation() const override { return "loops"; }

 protected:
  std::int64_t dst_height() const { return std::ssize(rows_); }
  std::int64_t dst_width() const { return std::ssize(columns_); }
  bool worth_all_threads() const { return batch_ * dst_height() * dst_width() * channels_ >= worth_threads; }

  bool nearest_;
  std::int64_t batch_, src_height_, src_width_, channels_;
  std::vector<ResizeTap> rows_, columns_;
};

class ResizeForward final : public ResizeKernel {
 public:
  using ResizeKernel::ResizeKernel;

  void run(const Bindings& bindings) override {
#pragma omp parallel for collapse(2) schedule(static) if (worth_all_threads())
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t y = 0; y < dst_height(); ++y) {
        const float* src = floats(bindings.src[0]) + n * src_height_ * src_width_ * channels_;
        float* dst = floats(bindings.dst) + (n * dst_height() + y) * dst_width() * channels_;
        const ResizeTap& row = rows_[static_cast<std::size_t>(y)];
        const float* lower = src + row.lower * src_width_ * channels_;
        const float* upper = src + row.upper * src_width_ * channels_;
        if (nearest_) {
          copy_row(lower, dst);
        } else {
          run_in_vectors([&]() PETAL_LOOP { blend_row(lower, upper, row.weight, dst); });
        }
      }
    }
  }

 private:
  void copy_row(const float* src, float* dst) const {
    for (const ResizeTap& column : columns_) {
      std::copy_n(src + column.lower * channels_, channels_, dst);
      dst += channels_;
    }
  }

  // As TensorFlow: along the columns first, each as a + (b - a) * weight.
  PETAL_INLINE void blend_row(const float* top, const float* bottom, float weight, float* dst) const {
    for (const ResizeTap& column : columns_) {
      const std::int64_t left = column.lower * channels_, right = column.upper * channels_;
      for (std::int64_t c = 0; c < channels_; c += lanes) {
        const std::int64_t valid = std::min(lanes, channels_ - c);
        Floats a, b, above, below;
        load(top + left + c, valid, a);
        load(top + right + c, valid, b);
        above = a + (b - a) * column.weight;
        load(bottom + left + c, valid, a);
        load(bottom + right + c, valid, b);
        below = a + (b - a) * column.weight;
        above = above + (below - above) * weight;
        store(above, valid, dst + c);
      }
      dst += channels_;
    }
  }
};

// Each pixel of diff_dst is shared out to those that made it, a sample on one thread.
class ResizeBackward final : public ResizeKernel {
 public:
  using ResizeKernel::ResizeKernel;

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const std::int64_t src_elements = src_height_ * src_width_ * channels_;
    const std::int64_t dst_elements = dst_height() * dst_width() * channels_;
#pragma omp parallel for schedule(static) if (worth_all_threads())
    for (std::int64_t n = 0; n < batch_; ++n) {
      float* diff_src = floats(bindings.diff_src[0]) + n * src_elements;
      const float* diff_dst = floats(bindings.diff_dst) + n * dst_elements;
      std::fill_n(diff_src, src_elements, 0.0f);
      for (const ResizeTap& row : rows_) {
        for (const ResizeTap& column : columns_) {
          share(diff_dst, row.lower, column, 1.0f - row.weight, diff_src);
          if (!nearest_) share(diff_dst, row.upper, column, row.weight, diff_src);
          diff_dst += channels_;
        }
      }
    }
  }

 private:
  void share(const float* diff_dst, std::int64_t y, const ResizeTap& column, float weight,
             float* diff_src) const {
    add(diff_dst, weight * (1.0f - column.weight), diff_src + (y * src_width_ + column.lower) * channels_);
    if (nearest_) return;
    add(diff_dst, weight * column.weight, diff_src + (y * src_width_ + column.upper) * channels_);
  }

  void add(const float* diff_dst, float weight, float* diff_src) const {
#pragma omp simd
    for (std::int64_t c = 0; c < channels_; ++c) diff_src[c] += diff_dst[c] * weight;
  }
};

KernelPointer prepare_resize(Interpolation interpolation, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<ResizeForward>(interpolation, context);
  return std::make_unique<ResizeBackward>(interpolation, context);
}

}  // namespace

Support supports(const UpSampling2D&, Direction direction) {
  return supports_without_weights(direction);
}
KernelPointer prepare(const UpSampling2D& layer, const Device&, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, context);
}

Support supports(const Resizing&, Direction direction) {
  return supports_without_weights(direction);
}
KernelPointer prepare(const Resizing& layer, const Device&, const PrepareContext& context) {
  return prepare_resize(layer.interpolation, context);
}

}  // namespace petal::cpu
