#pragma once

#include <algorithm>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// Folds H and W of (N, H, W, C) into one value a channel: fold(sum, element) for each element, then
// finish(sum). Own loops: oneDNN's pooling has fast code for channels in whole vectors alone.
template <class Fold, class Finish>
class GlobalPooling final : public Kernel {
 public:
  GlobalPooling(const Shape& src, float begin, Fold fold, Finish finish)
      : batch_(src[0]),
        area_(src[1] * src[2]),
        channels_(src[3]),
        begin_(begin),
        fold_(fold),
        finish_(finish) {}

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
    const std::int64_t blocks = (channels_ + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * area_ * channels_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t first = b * block;
        pool(src + n * area_ * channels_ + first, std::min(block, channels_ - first),
             dst + n * channels_ + first);
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  static constexpr std::int64_t block = 64;  // channels that one thread folds side by side

  void pool(const float* src, std::int64_t count, float* dst) const {
    float folded[block];
    std::fill_n(folded, count, begin_);
    for (std::int64_t i = 0; i < area_; ++i) {
      const float* row = src + i * channels_;
#pragma omp simd
      for (std::int64_t c = 0; c < count; ++c) folded[c] = fold_(folded[c], row[c]);
    }
    for (std::int64_t c = 0; c < count; ++c) dst[c] = finish_(folded[c]);
  }

  std::int64_t batch_, area_, channels_;
  float begin_;
  Fold fold_;
  Finish finish_;
};

}  // namespace petal::cpu
