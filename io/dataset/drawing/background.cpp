#include "io/dataset/drawing/background.h"

#include "io/dataset/drawing/plants.h"

namespace petal::drawing {
namespace {

// Two colours above the horizon and two below it, mixed by noise.
struct Place {
  std::uint32_t above_dark;
  std::uint32_t above_light;
  std::uint32_t below_dark;
  std::uint32_t below_light;
  float horizon_from;  // share of the height from the top
  float horizon_to;
};

constexpr Place places[] = {
    {0x3b5a24, 0x7d9a4e, 0x2f4a1e, 0x86a552, 0.1f, 0.9f},  // meadow
    {0x8fb4dc, 0xe6eef4, 0x3d5a2c, 0x7f9a58, 0.5f, 1.2f},  // sky above green
    {0x5a6b3a, 0x8d8a5c, 0x4a3826, 0x8b7355, 0.0f, 0.7f},  // soil
    {0x0f1a10, 0x2d4426, 0x0c120c, 0x33401f, 0.2f, 0.8f},  // shade
    {0x46602f, 0xa8b56a, 0x3a5526, 0xb7a35c, 0.2f, 0.8f},  // garden bed
    {0x8f8a80, 0xcfc8ba, 0x7a746a, 0xb5ab98, 0.3f, 1.1f},  // wall
    {0x9fb0b4, 0xe9e7dc, 0x6d8450, 0xb6bf86, 0.3f, 0.9f},  // hazy distance
};

constexpr std::uint32_t blot_colors[] = {0xf4f2ee, 0xf5dc2a, 0xc81d1d, 0xeea3b8, 0xb99ad8, 0xee7f1c,
                                         0xb8d070, 0x6f9440, 0x2d4a20, 0x1c2a14, 0xdfe8c0};

void fill(Canvas& canvas, Draws& draws, const Place& place) {
  const Vector3 above_dark = from_srgb(place.above_dark);
  const Vector3 above_light = from_srgb(place.above_light);
  const Vector3 below_dark = from_srgb(place.below_dark);
  const Vector3 below_light = from_srgb(place.below_light);
  const float horizon = draws.between(place.horizon_from, place.horizon_to);
  const float softness = draws.between(0.05f, 0.5f);
  const float slope = draws.between(-0.3f, 0.3f);
  const Noise coarse(draws, draws.whole(2, 4));
  const Noise fine(draws, draws.whole(6, 14));
  const float detail = draws.between(0.15f, 0.5f);
  for (int y = 0; y < canvas.size; ++y)
    for (int x = 0; x < canvas.size; ++x) {
      const float u = (static_cast<float>(x) + 0.5f) / static_cast<float>(canvas.size);
      const float v = (static_cast<float>(y) + 0.5f) / static_cast<float>(canvas.size);
      const float noise = smoothstep(0.1f, 0.9f, mix(coarse.at(u, v), fine.at(u, v), detail));
      const float below =
          smoothstep(horizon - softness, horizon + softness, v + slope * (u - 0.5f) + 0.2f * (noise - 0.5f));
      const Vector3 color =
          mix(mix(above_dark, above_light, noise), mix(below_dark, below_light, noise), below);
      float* pixel = canvas.at(x, y);
      pixel[0] = color.x;
      pixel[1] = color.y;
      pixel[2] = color.z;
      pixel[3] = 1;
    }
}

// Grass and stems, far off.
void draw_strokes(Canvas& canvas, Draws& draws, int count) {
  for (int i = 0; i < count; ++i) {
    const Vector3 color = draw_green(draws) * draws.between(0.25f, 1.3f);
    float x = draws.uniform();
    float y = draws.between(0.3f, 1.1f);
    const float lean = draws.between(-0.6f, 0.6f);
    const float width = draws.between(0.006f, 0.025f);
    const int steps = draws.whole(12, 40);
    for (int step = 0; step < steps; ++step) {
      draw_disc(canvas, {.x = x, .y = y, .radius = width, .softness = 0.5f, .color = color, .alpha = 0.8f});
      x += lean * 0.7f * width;
      y -= 0.7f * width;
    }
  }
}

// Lights and blossoms that the lens draws as discs.
void draw_blots(Canvas& canvas, Draws& draws, int count, bool flowers) {
  for (int i = 0; i < count; ++i) {
    const int color = flowers ? draws.whole(0, 10) : draws.whole(6, 10);
    draw_disc(canvas, {.x = draws.uniform(),
                       .y = draws.uniform(),
                       .radius = draws.between(0.02f, 0.11f),
                       .softness = draws.between(0.1f, 0.6f),
                       .color = from_srgb(blot_colors[color]) * draws.between(0.5f, 1.2f),
                       .alpha = draws.between(0.2f, 0.8f)});
  }
}

}  // namespace

Canvas draw_background(Draws& draws, int size) {
  Canvas canvas(std::max(size / 2, 8));  // all of it is soft
  fill(canvas, draws, places[draws.whole(0, static_cast<int>(std::size(places)) - 1)]);
  if (draws.chance(0.6f)) draw_strokes(canvas, draws, draws.whole(5, 45));
  if (draws.chance(0.7f)) {
    const bool flowers = draws.chance(0.5f);
    draw_blots(canvas, draws, draws.whole(3, 22), flowers);
  }
  const float share = draws.between(0.006f, 0.04f);
  blur(canvas, share * static_cast<float>(canvas.size));
  return resized(canvas, size);
}

}  // namespace petal::drawing
