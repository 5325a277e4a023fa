#include "kernels/reference/random_affine.h"

#include "kernels/reference/copy.h"
#include "kernels/reference/warp.h"

namespace petal::reference {
namespace {

template <class L>
std::unique_ptr<Kernel> prepare_warp(const L& layer, const PrepareContext& context) {
  const std::optional<Warp> warp = warp_of(layer, context);
  if (!warp) return prepare_copy(context);
  const Image from(context.src[0].shape), to(context.dst.shape);
  return with_scalar(context.precision, [&]<class T>() {
    return loops([=, chosen = *warp](const Bindings& b) {
      for (std::int64_t n = 0; n < from.batch; ++n) {
        reference::warp(as<T>(b.src[0]) + from.at(n, 0, 0, 0), from, chosen.region(), chosen.sampling(),
                        chosen.affine(*b.context, n), as<T>(b.dst) + to.at(n, 0, 0, 0), to);
      }
    });
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

std::unique_ptr<Kernel> prepare(const RandomFlip& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
std::unique_ptr<Kernel> prepare(const RandomRotation& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
std::unique_ptr<Kernel> prepare(const RandomZoom& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
std::unique_ptr<Kernel> prepare(const RandomTranslation& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
std::unique_ptr<Kernel> prepare(const RandomCrop& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}
std::unique_ptr<Kernel> prepare(const RandomAffine& layer, const PrepareContext& context) {
  return prepare_warp(layer, context);
}

}  // namespace petal::reference
