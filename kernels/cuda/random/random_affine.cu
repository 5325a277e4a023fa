#include <cmath>

#include "engine/augmentation.h"
#include "kernels/cuda/geometry.h"
#include "kernels/cuda/layout/copy.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/random/sample_table.h"

namespace petal::cuda {
namespace {

// engine/affine.h's PixelAffine. This file is compiled without fused multiply-add, as that demands.
struct PixelMap {
  float xx, xy, x0, yx, yy, y0;
  PETAL_BODY float x(float column, float row) const { return (xx * column + xy * row) + x0; }
  PETAL_BODY float y(float column, float row) const { return (yx * column + yy * row) + y0; }
};

// engine/affine.h's `filled`.
PETAL_BODY inline float filled_coordinate(FillMode mode, float at, float size) {
  if (mode == FillMode::constant) return at;
  const float last = size - 1.0f;
  float inside = at;
  if (mode == FillMode::reflect) {
    const float period = 2.0f * size, distance = std::fabs(at);
    const float rest = distance - period * std::trunc(distance / period);
    const float mirrored_before = rest > size ? period - rest : rest - 1.0f;
    const float mirrored_behind = rest >= size ? (period - rest) - 1.0f : rest;
    inside = at < 0.0f ? mirrored_before : mirrored_behind;
  } else if (mode == FillMode::wrap) {
    if (size == 1.0f) return 0.0f;
    const float steps = std::trunc(std::fabs(at) / last);
    const float behind = at > last ? at - size * steps : at;
    inside = at < 0.0f ? at + size * (steps + 1.0f) : behind;
  }
  const float from_first = inside > 0.0f ? inside : 0.0f;
  return from_first < last ? from_first : last;
}

// The pixel nearest to a coordinate, halves away from zero.
PETAL_BODY inline float nearest(float at) {
  const float whole = std::trunc(at), rest = at - whole;
  return whole + (rest >= 0.5f ? 1.0f : rest <= -0.5f ? -1.0f : 0.0f);
}

// Reads each photo through its map: kernels/reference/warp.h says how.
struct WarpBody {
  Image from, to;
  Region region;
  Sampling sampling;
  const PixelMap* maps;  // one a photo
  const float* src;
  float* dst;

  PETAL_BODY void operator()(Index i) const {
    const Place at = to.place(i);
    const PixelMap map = maps[at.n];
    const auto column = static_cast<float>(at.x), row = static_cast<float>(at.y);
    const float x = filled_coordinate(sampling.fill_mode, map.x(column, row), width());
    const float y = filled_coordinate(sampling.fill_mode, map.y(column, row), height());
    if (sampling.interpolation == Interpolation::nearest) {
      dst[i] = pixel(at, nearest(x), nearest(y));
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
  const SampleTable<PixelMap> table(device, from.batch);
  const Queue queue = device.queue;
  return launches([=, chosen = *warp](const Bindings& b) {
    const PixelMap* maps = table.fill([&](Index n) {
      const PixelAffine affine(chosen.affine(*b.context, n));
      return PixelMap{affine.xx, affine.xy, affine.x0, affine.yx, affine.yy, affine.y0};
    });
    for_each(
        queue, to.elements(),
        WarpBody{from, to, chosen.region(), chosen.sampling(), maps, as<float>(b.src[0]), as<float>(b.dst)});
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
