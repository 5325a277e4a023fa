#include <cmath>

#include "engine/augmentation.h"
#include "kernels/cuda/geometry.h"
#include "kernels/cuda/layout/copy.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/sample_table.h"

namespace petal::cuda {
namespace {

// This file is compiled without fused multiply-add, as engine/affine.h demands of coordinates.

// Reads each photo through its map: kernels/reference/warp.h says how.
struct WarpBody {
  Image from, to;
  Region region;
  Sampling sampling;
  const PixelAffine* maps;  // one a photo
  Numbers src;
  Results dst;

  PETAL_BODY void operator()(Index i) const {
    const Place at = to.place(i);
    const PixelAffine map = maps[at.n];
    const auto column = static_cast<float>(at.x), row = static_cast<float>(at.y);
    const float x = filled(sampling.fill_mode, map.x(column, row), width());
    const float y = filled(sampling.fill_mode, map.y(column, row), height());
    if (sampling.interpolation == Interpolation::nearest) {
      dst[i] = pixel(at, nearest_pixel(x), nearest_pixel(y));
      return;
    }
    const float left = std::floor(x), top = std::floor(y);
    dst[i] = (top + 1.0f - y) * across(at, x, left, top) + (y - top) * across(at, x, left, top + 1.0f);
  }

 private:
  PETAL_BODY float width() const { return static_cast<float>(region.size.width); }
  PETAL_BODY float height() const { return static_cast<float>(region.size.height); }
  PETAL_BODY float across(const Place& at, float x, float left, float row) const {
    return (left + 1.0f - x) * pixel(at, left, row) + (x - left) * pixel(at, left + 1.0f, row);
  }
  PETAL_BODY float pixel(const Place& at, float x, float y) const {
    const bool inside = 0.0f <= x && x < width() && 0.0f <= y && y < height();
    if (!inside) return static_cast<float>(sampling.fill_value);
    return src[from.at(at.n, region.top + static_cast<Index>(y), region.left + static_cast<Index>(x), at.c)];
  }
};

template <class L>
KernelPointer prepare_warp(const L& layer, const Device& device, const PrepareContext& context) {
  const std::optional<Warp> warp = warp_of(layer, context);
  if (!warp) return prepare_copy(device, context);
  const Image from(context.src[0].shape), to(context.dst.shape);
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  return drawn_launches(
      device, from.batch,
      [chosen = *warp](const RunContext& run, Index n) { return PixelAffine(chosen.affine(run, n)); },
      [=, chosen = *warp](const Bindings& b, const PixelAffine* maps) {
        for_each(queue, to.elements(),
                 WarpBody{from, to, chosen.region(), chosen.sampling(), maps, arrays.src(b), arrays.dst(b)});
      });
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

KernelPointer prepare(const RandomFlip& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}
KernelPointer prepare(const RandomRotation& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}
KernelPointer prepare(const RandomZoom& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}
KernelPointer prepare(const RandomTranslation& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}
KernelPointer prepare(const RandomCrop& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}
KernelPointer prepare(const RandomAffine& layer, const Device& device, const PrepareContext& context) {
  return prepare_warp(layer, device, context);
}

}  // namespace petal::cuda
