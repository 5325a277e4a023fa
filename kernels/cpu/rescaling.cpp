#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

template <class From>
void rescale(const From* src, std::int64_t elements, float scale, float offset, float* dst) {
#pragma omp parallel for simd schedule(static) if (elements >= worth_threads)
  for (std::int64_t i = 0; i < elements; ++i) dst[i] = static_cast<float>(src[i]) * scale + offset;
}

class RescalingForward final : public Kernel {
 public:
  RescalingForward(const Rescaling& layer, const PrepareContext& context)
      : layer_(layer),
        elements_(context.dst.shape.elements()),
        pixels_(context.src[0].type == DataType::u8) {}

  void run(const Bindings& bindings) override {
    float* dst = floats(bindings.dst);
    if (pixels_) {
      const auto* src = reinterpret_cast<const std::uint8_t*>(bindings.src[0]);
      rescale(src, elements_, layer_.scale, layer_.offset, dst);
    } else {
      rescale(floats(bindings.src[0]), elements_, layer_.scale, layer_.offset, dst);
    }
  }

  std::string implementation() const override { return "loops"; }
  int in_place_input() const override { return pixels_ ? -1 : 0; }

 private:
  Rescaling layer_;
  std::int64_t elements_;
  bool pixels_;
};

class RescalingBackward final : public Kernel {
 public:
  RescalingBackward(const Rescaling& layer, const PrepareContext& context)
      : scale_(layer.scale), elements_(context.dst.shape.elements()) {}

  void run(const Bindings& bindings) override {
    if (bindings.diff_src[0]) {
      rescale(floats(bindings.diff_dst), elements_, scale_, 0.0f, floats(bindings.diff_src[0]));
    }
  }

  std::string implementation() const override { return "loops"; }

 private:
  float scale_;
  std::int64_t elements_;
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
