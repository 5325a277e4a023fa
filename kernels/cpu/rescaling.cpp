#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

// dst = src * scale + offset on rows of channels.
class ChannelScaling {
 public:
  ChannelScaling(const PerChannel& scale, const PerChannel& offset, const Shape& shape)
      : scale_(scale), offset_(offset), elements_(shape.elements()), channels_(shape.back()) {}

  template <class From>
  void run(const From* src, float* dst) const {
    if (scale_.is_one() && offset_.is_one()) {
      const float scale = scale_[0], offset = offset_[0];
#pragma omp parallel for simd schedule(static) if (elements_ >= worth_threads)
      for (std::int64_t i = 0; i < elements_; ++i) dst[i] = static_cast<float>(src[i]) * scale + offset;
    } else {
#pragma omp parallel for schedule(static) if (elements_ >= worth_threads)
      for (std::int64_t row = 0; row < elements_; row += channels_) {
        for (std::int64_t c = 0; c < channels_; ++c) {
          dst[row + c] = static_cast<float>(src[row + c]) * scale_[c] + offset_[c];
        }
      }
    }
  }

 private:
  PerChannel scale_, offset_;
  std::int64_t elements_, channels_;
};

class RescalingForward final : public Kernel {
 public:
  RescalingForward(const Rescaling& layer, const PrepareContext& context)
      : scaling_(layer.scale, layer.offset, context.dst.shape),
        pixels_(context.src[0].type == DataType::u8) {}

  void run(const Bindings& bindings) override {
    float* dst = floats(bindings.dst);
    if (pixels_) {
      scaling_.run(reinterpret_cast<const std::uint8_t*>(bindings.src[0]), dst);
    } else {
      scaling_.run(floats(bindings.src[0]), dst);
    }
  }

  std::string implementation() const override { return "loops"; }
  int in_place_input() const override { return pixels_ ? -1 : 0; }

 private:
  ChannelScaling scaling_;
  bool pixels_;
};

class RescalingBackward final : public Kernel {
 public:
  RescalingBackward(const Rescaling& layer, const PrepareContext& context)
      : scaling_(layer.scale, 0.0f, context.dst.shape) {}

  void run(const Bindings& bindings) override {
    if (bindings.diff_src[0]) scaling_.run(floats(bindings.diff_dst), floats(bindings.diff_src[0]));
  }

  std::string implementation() const override { return "loops"; }

 private:
  ChannelScaling scaling_;
};

}  // namespace

Support supports(const Rescaling&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Rescaling& layer, const Device&, const PrepareContext& context) {
  if (context.direction == Direction::forward) return std::make_unique<RescalingForward>(layer, context);
  return std::make_unique<RescalingBackward>(layer, context);
}

}  // namespace petal::cpu
