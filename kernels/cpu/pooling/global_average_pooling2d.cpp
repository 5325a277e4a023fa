#include "kernels/cpu/pooling/global_pooling.h"

namespace petal::cpu {
namespace {

// Each element takes its share of the mean's gradient.
class GlobalAverageBackward final : public Kernel {
 public:
  explicit GlobalAverageBackward(const Shape& src)
      : batch_(src[0]), area_(src[1] * src[2]), channels_(src[3]) {}

  void run(const Bindings& bindings) override {
    const float* diff_dst = floats(bindings.diff_dst);
    float* diff_src = floats(bindings.diff_src[0]);
    if (!diff_src) return;
    const float share = 1.0f / static_cast<float>(area_);
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * area_ * channels_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t i = 0; i < area_; ++i) {
        const float* from = diff_dst + n * channels_;
        float* to = diff_src + (n * area_ + i) * channels_;
#pragma omp simd
        for (std::int64_t c = 0; c < channels_; ++c) to[c] = from[c] * share;
      }
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  std::int64_t batch_, area_, channels_;
};

}  // namespace

Support supports(const GlobalAveragePooling2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const GlobalAveragePooling2D&, const Device&, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  if (context.direction != Direction::forward) return std::make_unique<GlobalAverageBackward>(src);
  const auto fold = [](float sum, float element) { return sum + element; };
  const auto finish = [share = 1.0f / static_cast<float>(src[1] * src[2])](float sum) { return sum * share; };
  return std::make_unique<GlobalPooling<decltype(fold), decltype(finish)>>(src, 0.0f, fold, finish);
}

}  // namespace petal::cpu
