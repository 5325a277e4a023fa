#include "engine/affine.h"

namespace petal {
namespace {

double middle(std::int64_t size) {
  return (static_cast<double>(size) - 1) / 2;
}

}  // namespace

// dst is read from the picture between at second(x, y), and that one from src at first(second(x, y)).
Affine compose(const Affine& first, const Affine& second) {
  return {.xx = first.xx * second.xx + first.xy * second.yx,
          .xy = first.xx * second.xy + first.xy * second.yy,
          .x0 = first.xx * second.x0 + first.xy * second.y0 + first.x0,
          .yx = first.yx * second.xx + first.yy * second.yx,
          .yy = first.yx * second.xy + first.yy * second.yy,
          .y0 = first.yx * second.x0 + first.yy * second.y0 + first.y0};
}

Affine mirrored(Size2D photo, bool horizontally, bool vertically) {
  Affine affine;
  if (horizontally) {
    affine.xx = -1;
    affine.x0 = static_cast<double>(photo.width) - 1;
  }
  if (vertically) {
    affine.yy = -1;
    affine.y0 = static_cast<double>(photo.height) - 1;
  }
  return affine;
}

// Rows go down, so turning the picture counter-clockwise turns the place that is read clockwise as numbers
// go.
Affine rotated(Size2D photo, double radians) {
  const double cosine = std::cos(radians), sine = std::sin(radians);
  const double x = middle(photo.width), y = middle(photo.height);
  return {.xx = cosine,
          .xy = -sine,
          .x0 = x - x * cosine + y * sine,
          .yx = sine,
          .yy = cosine,
          .y0 = y - x * sine - y * cosine};
}

Affine zoomed(Size2D photo, double height, double width) {
  return {.xx = width,
          .x0 = middle(photo.width) * (1 - width),
          .yy = height,
          .y0 = middle(photo.height) * (1 - height)};
}

Affine translated(double down, double right) {
  return {.x0 = -right, .y0 = -down};
}

Affine cropped(std::int64_t top, std::int64_t left) {
  return {.x0 = static_cast<double>(left), .y0 = static_cast<double>(top)};
}

Affine resized(Size2D src, Size2D dst) {
  const double height = static_cast<double>(src.height) / static_cast<double>(dst.height);
  const double width = static_cast<double>(src.width) / static_cast<double>(dst.width);
  return {.xx = width, .x0 = 0.5 * width - 0.5, .yy = height, .y0 = 0.5 * height - 0.5};
}

PixelAffine::PixelAffine(const Affine& affine)
    : xx(static_cast<float>(affine.xx)),
      xy(static_cast<float>(affine.xy)),
      x0(static_cast<float>(affine.x0)),
      yx(static_cast<float>(affine.yx)),
      yy(static_cast<float>(affine.yy)),
      y0(static_cast<float>(affine.y0)) {}

}  // namespace petal
