#include <algorithm>
#include <utility>

#include "engine/augmentation.h"
#include "kernels/cpu/layout/copy.h"
#include "kernels/cpu/random/warp.h"

namespace petal::cpu {
namespace {

// Every layer that moves pixels: photos and bands of their rows side by side.
class WarpKernel final : public Kernel {
 public:
  WarpKernel(Warp warp, const PrepareContext& context)
      : warp_(std::move(warp)), src_(context.src[0].shape), dst_(context.dst.shape) {}

  void run(const Bindings& bindings) override {
    const std::int64_t bands = (dst_[1] + band - 1) / band;
#pragma omp parallel for collapse(2) schedule(static) if (dst_.elements() >= worth_threads)
    for (std::int64_t n = 0; n < dst_[0]; ++n) {
      for (std::int64_t b = 0; b < bands; ++b) {
        warp_rows(photo(floats(bindings.src[0]), n), warp_.sampling(),
                  PixelAffine(warp_.affine(*bindings.context, n)), dst_[2], b * band,
                  std::min((b + 1) * band, dst_[1]), floats(bindings.dst) + n * dst_[1] * dst_[2] * dst_[3]);
      }
    }
  }

  std::string implementation() const override {
    return "affine warp";
  }

 private:
  static constexpr std::int64_t band = 40;  // rows: work enough to hide drawing the map anew

  PhotoView photo(const float* src, std::int64_t n) const {
    const Region& region = warp_.region();
    const std::int64_t row = src_[2] * src_[3];
    return {src + (n * src_[1] + region.top) * row + region.left * src_[3], region.size, row, src_[3]};
  }

  Warp warp_;
  Shape src_, dst_;
};

template <class L>
KernelPointer prepare_warp(const L& layer, const PrepareContext& context) {
  std::optional<Warp> warp = warp_of(layer, context);
  if (!warp) return prepare_copy(context);
  return std::make_unique<WarpKernel>(std::move(*warp), context);
}

}  // namespace

Support supports(const RandomFlip&, Direction direction) {
  return supports_augmentation(direction);
}
Support supports(const RandomRotation&, Direction direction) {
  return supports_augmentation(direction);
}
Support supports(const RandomZoom&, Direction direction) {
  return supports_augmentation(direction);
}
Support supports(const RandomTranslation&, Direction direction) {
  return supports_augmentation(direction);
}
Support supports(const RandomCrop&, Direction direction) {
  return supports_augmentation(direction);
}
Support supports(const RandomAffine&, Direction direction) {
  return supports_augmentation(direction);
}

KernelPointer prepare(const RandomFlip& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
KernelPointer prepare(const RandomRotation& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
KernelPointer prepare(const RandomZoom& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
KernelPointer prepare(const RandomTranslation& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
KernelPointer prepare(const RandomCrop& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
KernelPointer prepare(const RandomAffine& layer, const Device&, const PrepareContext& context) {
  return prepare_warp(layer, context);
}

}  // namespace petal::cpu
