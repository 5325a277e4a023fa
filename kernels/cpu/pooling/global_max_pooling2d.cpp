#include <limits>

#include "kernels/cpu/pooling/global_pooling.h"

namespace petal::cpu {
namespace {

// The largest elements of a channel share its gradient equally.
class GlobalMaxBackward final : public Kernel {
 public:
  explicit GlobalMaxBackward(const Shape& src) : batch_(src[0]), area_(src[1] * src[2]), channels_(src[3]) {}

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    const std::int64_t blocks = (channels_ + block - 1) / block;
#pragma omp parallel for collapse(2) schedule(static) if (batch_ * area_ * channels_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t b = 0; b < blocks; ++b) share(bindings, n, b * block);
    }
  }

  std::string implementation() const override {
    return "loops";
  }

 private:
  static constexpr std::int64_t block = 64;  // channels side by side

  void share(const Bindings& bindings, std::int64_t n, std::int64_t first) const {
    const std::int64_t count = std::min(block, channels_ - first);
    const float* src = floats(bindings.src[0]) + n * area_ * channels_ + first;
    const float* largest = floats(bindings.dst) + n * channels_ + first;
    const float* diff_dst = floats(bindings.diff_dst) + n * channels_ + first;
    float* diff_src = floats(bindings.diff_src[0]) + n * area_ * channels_ + first;
    float winners[block] = {}, shares[block];
    for (std::int64_t i = 0; i < area_; ++i) {
      for (std::int64_t c = 0; c < count; ++c) {
        winners[c] += src[i * channels_ + c] == largest[c] ? 1.0f : 0.0f;
      }
    }
    for (std::int64_t c = 0; c < count; ++c) shares[c] = diff_dst[c] / winners[c];
    for (std::int64_t i = 0; i < area_; ++i) {
      for (std::int64_t c = 0; c < count; ++c) {
        diff_src[i * channels_ + c] = src[i * channels_ + c] == largest[c] ? shares[c] : 0.0f;
      }
    }
  }

  std::int64_t batch_, area_, channels_;
};

}  // namespace

Support supports(const GlobalMaxPooling2D&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const GlobalMaxPooling2D&, const Device&, const PrepareContext& context) {
  if (context.direction != Direction::forward) {
    return std::make_unique<GlobalMaxBackward>(context.src[0].shape);
  }
  const auto fold = [](float largest, float element) { return element > largest ? element : largest; };
  const auto finish = [](float largest) { return largest; };
  return std::make_unique<GlobalPooling<decltype(fold), decltype(finish)>>(
      context.src[0].shape, -std::numeric_limits<float>::infinity(), fold, finish);
}

}  // namespace petal::cpu
