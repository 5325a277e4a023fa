#include "engine/augmentation.h"

#include <algorithm>
#include <numbers>
#include <utility>

namespace petal {
namespace {

double uniform(const RandomStream& random, std::uint32_t position, double lower, double upper) {
  return lower + (upper - lower) * static_cast<double>(random.uniform(position));
}

double uniform(const RandomStream& random, std::uint32_t position, const Range& range) {
  return uniform(random, position, range.lower, range.upper);
}

// As Keras's smart_resize, down to how it rounds.
Region centre_window(Size2D photo, Size2D target) {
  const auto side = [](std::int64_t other, std::int64_t wanted, std::int64_t wanted_other,
                       std::int64_t whole) {
    const auto fitting =
        static_cast<std::int64_t>(static_cast<double>(other * wanted) / static_cast<double>(wanted_other));
    return std::max<std::int64_t>(std::min(whole, fitting), 1);
  };
  const std::int64_t height = side(photo.width, target.height, target.width, photo.height);
  const std::int64_t width = side(photo.height, target.width, target.height, photo.width);
  return {(photo.height - height) / 2, (photo.width - width) / 2, {height, width}};
}

Size2D size_behind(const GeometricLayer& layer, Size2D photo) {
  const auto* crop = std::get_if<RandomCrop>(&layer);
  return crop == nullptr ? photo : Size2D{crop->height, crop->width};
}

Size2D photo_size(const PrepareContext& context) {
  const Shape& shape = context.src[0].shape;
  return {shape[1], shape[2]};
}

}  // namespace

RandomStream augmentation_stream(const RunContext& context, std::int64_t index, std::uint32_t layer) {
  const std::uint32_t sample = context.samples.empty() ? static_cast<std::uint32_t>(index)
                                                       : context.samples[static_cast<std::size_t>(index)];
  return {context.seed, RandomPurpose::augmentation, context.epoch, sample, layer};
}

bool draw_flip(const RandomStream& random) {
  return random.uniform(0) < 0.5f;
}

double draw_rotation(const RandomRotation& layer, const RandomStream& random) {
  return uniform(random, 0, layer.factor) * 2 * std::numbers::pi;
}

ZoomDraw draw_zoom(const RandomZoom& layer, const RandomStream& random) {
  const double height = 1 + uniform(random, 0, layer.height_factor);
  return {height, layer.width_factor ? 1 + uniform(random, 1, *layer.width_factor) : height};
}

TranslationDraw draw_translation(const RandomTranslation& layer, Size2D photo, const RandomStream& random) {
  return {uniform(random, 0, layer.height_factor) * static_cast<double>(photo.height),
          uniform(random, 1, layer.width_factor) * static_cast<double>(photo.width)};
}

CropDraw draw_crop(const RandomCrop& layer, Size2D photo, const RandomStream& random) {
  const auto places = [](std::int64_t whole, std::int64_t window) {
    return static_cast<std::uint32_t>(whole - window + 1);
  };
  return {random.below(0, places(photo.height, layer.height)),
          random.below(1, places(photo.width, layer.width))};
}

float draw_contrast(const RandomContrast& layer, const RandomStream& random) {
  return static_cast<float>(uniform(random, 0, 1.0 - layer.factor.lower, 1.0 + layer.factor.upper));
}

float draw_brightness(const RandomBrightness& layer, const RandomStream& random) {
  const double width = static_cast<double>(layer.value_range.upper) - layer.value_range.lower;
  return static_cast<float>(uniform(random, 0, layer.factor) * width);
}

namespace {

Affine affine_of(const RandomFlip& layer, Size2D photo, const RandomStream& random) {
  if (!draw_flip(random)) return {};
  return mirrored(photo, layer.mode != RandomFlip::Mode::vertical,
                  layer.mode != RandomFlip::Mode::horizontal);
}
Affine affine_of(const RandomRotation& layer, Size2D photo, const RandomStream& random) {
  return rotated(photo, draw_rotation(layer, random));
}
Affine affine_of(const RandomZoom& layer, Size2D photo, const RandomStream& random) {
  const ZoomDraw zoom = draw_zoom(layer, random);
  return zoomed(photo, zoom.height, zoom.width);
}
Affine affine_of(const RandomTranslation& layer, Size2D photo, const RandomStream& random) {
  const TranslationDraw move = draw_translation(layer, photo, random);
  return translated(move.down, move.right);
}
Affine affine_of(const RandomCrop& layer, Size2D photo, const RandomStream& random) {
  const CropDraw place = draw_crop(layer, photo, random);
  return cropped(place.top, place.left);
}

}  // namespace

Affine draw_affine(const GeometricLayer& layer, Size2D photo, const RandomStream& random) {
  return std::visit([&](const auto& l) { return affine_of(l, photo, random); }, layer);
}

Warp::Warp(RandomAffine layer, Size2D photo) : layer_(std::move(layer)), region_{0, 0, photo} {}

Warp::Warp(const RandomCrop& layer, Size2D photo)
    : layer_{.sampling = {.fill_mode = FillMode::nearest}},
      region_(centre_window(photo, {layer.height, layer.width})),
      fixed_(resized(region_.size, {layer.height, layer.width})) {}

Affine Warp::affine(const RunContext& context, std::int64_t index) const {
  Affine affine = fixed_;
  Size2D photo = region_.size;
  for (const RandomAffine::Part& part : layer_.parts) {
    const RandomStream random = augmentation_stream(context, index, part.number);
    affine = compose(affine, draw_affine(part.layer, photo, random));
    photo = size_behind(part.layer, photo);
  }
  return affine;
}

bool is_active(const PrepareContext& context) {
  return context.mode == Mode::training && context.node.trainable;
}

std::optional<Warp> warp_of(const GeometricLayer& layer, const PrepareContext& context) {
  const Size2D photo = photo_size(context);
  const auto* crop = std::get_if<RandomCrop>(&layer);
  if (crop != nullptr && !(is_active(context) && crops_at_random(*crop, photo))) {
    if (photo == Size2D{crop->height, crop->width}) return std::nullopt;
    return Warp(*crop, photo);
  }
  if (!is_active(context)) return std::nullopt;
  return Warp({.parts = {{layer, context.layer}}, .sampling = sampling_of(layer).value_or(Sampling{})},
              photo);
}

std::optional<Warp> warp_of(const RandomAffine& layer, const PrepareContext& context) {
  if (is_active(context)) return Warp(layer, photo_size(context));
  const RandomCrop* crop = crop_of(layer);
  return crop == nullptr ? std::nullopt : warp_of(GeometricLayer(*crop), context);
}

Support supports_augmentation(Direction direction) {
  if (direction == Direction::forward) return {};
  return {
      false,
      "an augmentation gives no gradient to what is in front of it; freeze the layers with weights in front "
      "of it, or move it before them"};
}

}  // namespace petal
