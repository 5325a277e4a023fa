#include <algorithm>

#include "engine/augmentation.h"
#include "kernels/cpu/layout/copy.h"

namespace petal::cpu {
namespace {

class BrightnessKernel final : public Kernel {
 public:
  BrightnessKernel(const RandomBrightness& layer, const PrepareContext& context)
      : layer_(layer),
        number_(context.layer),
        batch_(context.dst.shape[0]),
        each_(context.dst.shape.elements() / context.dst.shape[0]) {}

  void run(const Bindings& bindings) override {
    const float* src = floats(bindings.src[0]);
    float* dst = floats(bindings.dst);
#pragma omp parallel for schedule(static) if (batch_ * each_ >= worth_threads)
    for (std::int64_t n = 0; n < batch_; ++n) {
      const float added = draw_brightness(layer_, augmentation_stream(*bindings.context, n, number_));
      brighten(src + n * each_, added, dst + n * each_);
    }
  }

  std::string implementation() const override {
    return "loops";
  }
  int in_place_input() const override {
    return 0;
  }

 private:
  void brighten(const float* src, float added, float* dst) const {
    const float darkest = layer_.value_range.lower, brightest = layer_.value_range.upper;
    for (std::int64_t i = 0; i < each_; ++i) dst[i] = std::min(std::max(src[i] + added, darkest), brightest);
  }

  RandomBrightness layer_;
  std::uint32_t number_;
  std::int64_t batch_, each_;
};

}  // namespace

Support supports(const RandomBrightness&, Direction direction) {
  return supports_augmentation(direction);
}

KernelPointer prepare(const RandomBrightness& layer, const Device&, const PrepareContext& context) {
  if (!is_active(context)) return prepare_copy(context);
  return std::make_unique<BrightnessKernel>(layer, context);
}

}  // namespace petal::cpu
