#pragma once

#include <optional>

#include "engine/affine.h"
#include "engine/backend.h"
#include "engine/random.h"

namespace petal {

// What the augmentation layers draw: pure functions of the layer and of a photo's stream, RandomStream(seed,
// augmentation, epoch, sample, layer), and so the same on every device, for any batch and any number of
// threads. Each layer draws at positions 0, 1, ... of its own stream.

// The stream of photo `index` of the batch, for the layer of that number.
RandomStream augmentation_stream(const RunContext& context, std::int64_t index, std::uint32_t layer);

bool draw_flip(const RandomStream& random);
double draw_rotation(const RandomRotation& layer, const RandomStream& random);  // radians, counter-clockwise
struct ZoomDraw {
  double height = 1, width = 1;  // as `zoomed` takes them
};
ZoomDraw draw_zoom(const RandomZoom& layer, const RandomStream& random);
struct TranslationDraw {
  double down = 0, right = 0;  // in pixels
};
TranslationDraw draw_translation(const RandomTranslation& layer, Size2D photo, const RandomStream& random);
struct CropDraw {
  std::int64_t top = 0, left = 0;
};
CropDraw draw_crop(const RandomCrop& layer, Size2D photo,
                   const RandomStream& random);                                    // crops_at_random alone
float draw_contrast(const RandomContrast& layer, const RandomStream& random);      // the factor c
float draw_brightness(const RandomBrightness& layer, const RandomStream& random);  // what is added to a pixel

// Where the layer's result takes its pixels from, for a photo of that size.
Affine draw_affine(const GeometricLayer& layer, Size2D photo, const RandomStream& random);

// A part of an image.
struct Region {
  std::int64_t top = 0, left = 0;
  Size2D size{};
};

// How a geometric layer reads photos of one size: what its kernels do, on every device.
class Warp {
 public:
  // Maps are drawn for each photo.
  Warp(RandomAffine layer, Size2D photo);
  // The largest window in the middle with the layer's aspect ratio, resized: RandomCrop where it draws
  // nothing.
  Warp(const RandomCrop& layer, Size2D photo);

  // Coordinates count from the region's first pixel; beyond the region the fill mode begins.
  const Region& region() const { return region_; }
  const Sampling& sampling() const { return layer_.sampling; }
  Affine affine(const RunContext& context, std::int64_t index) const;

 private:
  RandomAffine layer_;  // without parts: `fixed_`
  Region region_;
  Affine fixed_{};
};

// Whether an augmentation changes anything: in training, unless it is frozen.
bool is_active(const PrepareContext& context);

// The warp that the layer is here; none where it changes nothing.
std::optional<Warp> warp_of(const GeometricLayer& layer, const PrepareContext& context);
std::optional<Warp> warp_of(const RandomAffine& layer, const PrepareContext& context);

// Why no backend has a gradient of augmentations.
Support supports_augmentation(Direction direction);

}  // namespace petal
