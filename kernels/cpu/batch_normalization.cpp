#include <cmath>
#include <cstring>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// What one channel is multiplied with and added: dst = (src - mean) * scale + shift. The mean is taken off
// first, so that a mean far from zero costs no digits.
struct Channels {
  float *mean, *scale, *shift;
};

// With the moving statistics. An own loop: memory-bound, and oneDNN's is slower in NHWC.
class BatchNormalizationInference final : public Kernel {
 public:
  BatchNormalizationInference(const BatchNormalization& layer, const PrepareContext& context)
      : layer_(layer),
        channels_(context.dst.shape.back()),
        rows_(context.dst.shape.elements() / context.dst.shape.back()),
        constant_(context.constant_weights) {
    const std::size_t bytes = 3 * static_cast<std::size_t>(channels_) * sizeof(float);
    if (!constant_) {
      scratch_bytes_ = bytes;
      return;
    }
    prepared_ = Buffer(bytes);
    std::vector<const std::byte*> weights;
    for (const Tensor* tensor : context.weights) weights.push_back(tensor->bytes());
    prepare(weights, prepared_.data());
  }

  void run(const Bindings& bindings) override {
    if (!constant_) prepare(bindings.weights, bindings.scratch);
    const Channels per = parts(constant_ ? prepared_.data() : bindings.scratch);
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
#pragma omp parallel for schedule(static) if (rows_ * channels_ >= worth_threads)
    for (std::int64_t row = 0; row < rows_; ++row) {
      const float* from = src + row * channels_;
      float* to = dst + row * channels_;
#pragma omp simd
      for (std::int64_t c = 0; c < channels_; ++c)
        to[c] = (from[c] - per.mean[c]) * per.scale[c] + per.shift[c];
    }
  }

  std::size_t scratch_bytes() const override {
    return scratch_bytes_;
  }
  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  Channels parts(std::byte* bytes) const {
    float* begin = floats(bytes);
    return {begin, begin + channels_, begin + 2 * channels_};
  }

  void prepare(std::span<const std::byte* const> weights, std::byte* bytes) const {
    const Channels per = parts(bytes);
    std::size_t next = 0;
    const float* gamma = layer_.scale ? floats(weights[next++]) : nullptr;
    const float* beta = layer_.center ? floats(weights[next++]) : nullptr;
    const float* mean = floats(weights[next++]);
    const float* variance = floats(weights[next]);
    for (std::int64_t c = 0; c < channels_; ++c) {
      const double deviation =
          std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(layer_.epsilon));
      per.mean[c] = mean[c];
      per.scale[c] = static_cast<float>((gamma ? static_cast<double>(gamma[c]) : 1.0) / deviation);
      per.shift[c] = beta ? beta[c] : 0.0f;
    }
  }

  BatchNormalization layer_;
  std::int64_t channels_, rows_;
  bool constant_;
  std::size_t scratch_bytes_ = 0;
  Buffer prepared_;
};

}  // namespace

Support supports(const BatchNormalization&, Direction direction) {
  if (direction == Direction::forward) return {};
  return {false, "the gradient of batch normalization arrives with training of the base"};
}

KernelPointer prepare(const BatchNormalization& layer, const Device&, const PrepareContext& context) {
  return std::make_unique<BatchNormalizationInference>(layer, context);
}

}  // namespace petal::cpu
