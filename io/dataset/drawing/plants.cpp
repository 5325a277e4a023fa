#include "io/dataset/drawing/plants.h"

namespace petal::drawing {
namespace {

constexpr float golden_angle = 2.39996323f;

Vector3 varied(Draws& draws, Vector3 color, float amount) {
  const float all = draws.between(1 - amount, 1 + amount);
  const Vector3 each{draws.between(1 - amount, 1 + amount), draws.between(1 - amount, 1 + amount),
                     draws.between(1 - amount, 1 + amount)};
  const Vector3 result = color * each * all;
  return {std::min(result.x, 0.92f), std::min(result.y, 0.92f), std::min(result.z, 0.92f)};
}

// The colours that petals come in, whatever the kind.
enum Hue { white, cream, yellow, gold, orange, red, crimson, pink, magenta, lilac, purple, hues };
constexpr std::uint32_t hue_colors[hues] = {0xf4f2ee, 0xf3e6c0, 0xf5dc2a, 0xf2b70f, 0xe8791c, 0xb81c20,
                                            0x8a1029, 0xeea3b8, 0xd23b8c, 0xb99ad8, 0x6a2f94};
using HueWeights = std::array<float, hues>;

Vector3 draw_hue(Draws& draws, const HueWeights& weights) {
  return varied(draws, from_srgb(hue_colors[draws.weighted(weights)]), 0.12f);
}

PetalColor draw_petal_color(Draws& draws, const HueWeights& weights) {
  PetalColor color;
  color.tip = draw_hue(draws, weights);
  color.foot = draws.chance(0.3f) ? mix(color.tip, draw_hue(draws, weights), 0.7f)
                                  : color.tip * draws.between(0.6f, 1.05f);
  color.blend = draws.between(0.3f, 0.9f);
  color.vein = draws.between(0.02f, 0.22f);
  color.stripes = draws.between(0.04f, 0.2f);
  color.translucent = draws.between(0.3f, 0.65f);
  return color;
}

PetalColor shaded(const PetalColor& color, Draws& draws, float amount) {
  PetalColor result = color;
  const float all = draws.between(1 - amount, 1 + 0.5f * amount);
  result.tip = color.tip * all;
  result.foot = color.foot * all;
  return result;
}

PetalColor leaf_color(Draws& draws) {
  const Vector3 green = draw_green(draws);
  return {.foot = green * 0.8f,
          .tip = green,
          .vein = -0.35f,
          .stripes = 0.2f,
          .shade = 0.2f,
          .translucent = 0.3f,
          .gloss = 0.05f};
}

// The green leaves that hold a blossom from below, `radius` from its axis.
struct Sepals {
  int count;
  float length;
  float half_width;
  float radius;
  float height;
};

void add_sepals(Mesh& mesh, Draws& draws, const Sepals& sepals) {
  const PetalColor green = leaf_color(draws);
  for (int i = 0; i < sepals.count; ++i) {
    const PetalShape sepal{.length = sepals.length * draws.between(0.8f, 1.2f),
                           .half_width = sepals.half_width,
                           .foot_width = 0.7f,
                           .widest = 0.3f,
                           .tip = 1,
                           .rise = draws.between(-0.6f, -0.05f),
                           .bend = draws.between(-0.5f, 0.15f),
                           .cup = 0.3f,
                           .foot_radius = sepals.radius,
                           .foot_height = sepals.height};
    const float angle =
        2 * pi * (static_cast<float>(i) + draws.between(-0.2f, 0.2f)) / static_cast<float>(sepals.count);
    add_petal(mesh, draws, sepal, green, angle, 6, 3);
  }
}

// Rays around a disc: what daisies and sunflowers share. `shape` says how one ray looks on average.
void add_rays(Mesh& mesh, Draws& draws, PetalShape shape, const PetalColor& color, int count,
              float disorder) {
  const float turn = draws.between(0, 2 * pi);
  for (int i = 0; i < count; ++i) {
    if (draws.chance(0.02f)) continue;  // lost
    PetalShape ray = shape;
    ray.length *= draws.between(1 - disorder, 1 + 0.4f * disorder);
    ray.half_width *= draws.between(0.85f, 1.15f);
    ray.rise += disorder * draws.between(-0.8f, 0.8f);
    ray.bend += disorder * draws.between(-1.0f, 1.0f);
    ray.twist = disorder * draws.between(-0.4f, 0.4f);
    const float angle = turn + 2 * pi * (static_cast<float>(i) + disorder * draws.between(-0.9f, 0.9f)) /
                                   static_cast<float>(count);
    add_petal(mesh, draws, ray, shaded(color, draws, 0.15f), angle, 8, 5);
  }
}

Blossom daisy(Draws& draws) {
  constexpr HueWeights weights{.30f, .06f, .14f, .06f, .08f, .05f, .03f, .12f, .07f, .06f, .03f};
  Blossom blossom{.stem_top = -0.06f,
                  .stem_radius = draws.between(0.03f, 0.05f),
                  .least_tilt = 0.05f,
                  .most_tilt = 1.15f};
  const float disc = draws.between(0.19f, 0.30f);
  const int count = draws.whole(13, 26);
  PetalShape ray{.half_width = draws.between(0.8f, 1.15f) * 2.4f / static_cast<float>(count),
                 .foot_width = draws.between(0.35f, 0.6f),
                 .widest = draws.between(0.55f, 0.75f),
                 .tip = draws.between(2.0f, 3.2f),
                 .rise = draws.between(-0.1f, 0.45f),
                 .bend = draws.between(-0.7f, 0.2f),
                 .cup = draws.between(-0.2f, 0.35f)};
  ray.notch = draws.chance(0.4f) ? draws.between(0.0f, 0.05f) : 0.0f;
  ray.length = 1 - disc;
  ray.foot_radius = 0.85f * disc;
  const PetalColor color = draw_petal_color(draws, weights);
  const float disorder = draws.between(0.08f, 0.3f);
  if (draws.chance(0.4f)) {
    PetalShape under = ray;
    under.foot_height = -0.03f;
    under.rise -= 0.12f;
    add_rays(blossom.mesh, draws, under, shaded(color, draws, 0.1f), count, disorder);
  }
  add_rays(blossom.mesh, draws, ray, color, count, disorder);
  FloretDisc florets{.radius = disc,
                     .height = draws.between(0.05f, 0.14f),
                     .base = 0.0f,
                     .florets = draws.whole(90, 150),
                     .bump = 0.03f};
  florets.edge = varied(draws, from_srgb(draws.chance(0.75f) ? 0xf0b818 : 0x5b3a1c), 0.15f);
  florets.middle = draws.chance(0.5f) ? florets.edge * 0.8f : varied(draws, from_srgb(0xb9b02a), 0.15f);
  florets.ring = draws.between(0.3f, 0.7f);
  add_floret_disc(blossom.mesh, draws, florets);
  add_sepals(blossom.mesh, draws, {10, disc * 0.8f, 0.09f, 0.04f, -0.05f});
  return blossom;
}

Blossom sunflower(Draws& draws) {
  constexpr HueWeights weights{.04f, .08f, .24f, .30f, .16f, .05f, .06f, .03f, .02f, .01f, .01f};
  Blossom blossom{
      .stem_top = -0.1f, .stem_radius = draws.between(0.06f, 0.09f), .least_tilt = 0.05f, .most_tilt = 1.05f};
  const float disc = draws.between(0.38f, 0.55f);
  const int count = draws.whole(17, 26);
  PetalShape ray{.half_width = draws.between(0.9f, 1.25f) * 2.6f / static_cast<float>(count),
                 .foot_width = draws.between(0.4f, 0.6f),
                 .widest = draws.between(0.35f, 0.5f),
                 .tip = 1,
                 .rise = draws.between(0.0f, 0.5f),
                 .bend = draws.between(-0.8f, 0.2f),
                 .cup = draws.between(0.1f, 0.5f)};
  ray.length = 1.02f - disc;
  ray.foot_radius = 0.92f * disc;
  const PetalColor color = draw_petal_color(draws, weights);
  const float disorder = draws.between(0.15f, 0.4f);
  PetalShape under = ray;
  under.foot_height = -0.04f;
  under.rise -= 0.18f;
  under.length *= 1.05f;
  add_rays(blossom.mesh, draws, under, shaded(color, draws, 0.15f), count, disorder);
  add_rays(blossom.mesh, draws, ray, color, count, disorder);
  FloretDisc florets{.radius = disc,
                     .height = draws.between(0.02f, 0.12f),
                     .florets = draws.whole(200, 300),
                     .bump = 0.035f};
  const std::uint32_t edges[] = {0x4a2a12, 0x6b3d14, 0x8a5a16, 0x2c1c14};
  florets.edge = varied(draws, from_srgb(edges[draws.whole(0, 3)]), 0.2f);
  florets.middle = draws.chance(0.5f) ? varied(draws, from_srgb(0x6f7a2c), 0.2f)
                                      : florets.edge * draws.between(0.4f, 1.0f);
  florets.ring = draws.between(0.35f, 0.7f);
  add_floret_disc(blossom.mesh, draws, florets);
  add_sepals(blossom.mesh, draws, {14, draws.between(0.3f, 0.7f), 0.13f, 0.8f * disc, -0.1f});
  return blossom;
}

// The seed head of a dandelion: a ball of parachutes.
Blossom seed_head(Draws& draws) {
  Blossom blossom{
      .stem_top = -0.05f, .stem_radius = draws.between(0.03f, 0.05f), .least_tilt = 0.0f, .most_tilt = 1.5f};
  const Vector3 white = varied(draws, from_srgb(0xe4e2da), 0.08f);
  const Vector3 brown = varied(draws, from_srgb(0x7a6248), 0.15f);
  const int seeds = draws.whole(110, 170);
  const float spread = draws.between(0.18f, 0.28f);
  for (int i = 0; i < seeds; ++i) {
    if (draws.chance(0.06f)) continue;  // flown
    const float height = 1 - 2 * (static_cast<float>(i) + 0.5f) / static_cast<float>(seeds);
    const float ring = std::sqrt(1 - height * height);
    const float angle = golden_angle * static_cast<float>(i);
    const Frame seed =
        Frame::along({ring * std::cos(angle), height, ring * std::sin(angle)}, draws.between(0, pi));
    const float reach = draws.between(0.68f, 0.76f);
    const auto add_line = [&](Vector3 from, Vector3 to, float width, Vector3 color) {
      const Vector3 side = normalized(cross(to - from, seed.y + seed.x * 0.3f)) * width;
      const auto first = static_cast<std::uint32_t>(blossom.mesh.vertices.size());
      for (const Vector3& corner : {from - side, from + side, to})
        blossom.mesh.vertices.push_back({corner, seed.y, color, 0.8f, 0});
      blossom.mesh.triangles.push_back({first, first + 1, first + 2});
    };
    add_line(seed.y * 0.08f, seed.y * reach, 0.012f, mix(brown, white, 0.5f));
    for (int bristle = 0; bristle < 7; ++bristle) {
      const float turn = 2 * pi * static_cast<float>(bristle) / 7;
      const Vector3 out = seed.x * std::cos(turn) + seed.z * std::sin(turn);
      add_line(seed.y * reach, seed.y * (reach + 0.18f) + out * spread, 0.013f, white);
    }
  }
  const FloretDisc core{.radius = 0.12f,
                        .height = 0.1f,
                        .base = -0.02f,
                        .florets = 40,
                        .bump = 0.03f,
                        .middle = brown,
                        .edge = brown};
  add_floret_disc(blossom.mesh, draws, core);
  add_sepals(blossom.mesh, draws, {9, 0.3f, 0.05f, 0.03f, -0.05f});
  return blossom;
}

// Some two hundred narrow florets with squared ends, the inner ones shorter and steeper: a dome without a
// disc.
Blossom dandelion(Draws& draws) {
  constexpr HueWeights weights{.08f, .07f, .40f, .22f, .11f, .01f, .01f, .05f, .02f, .02f, .01f};
  if (draws.chance(0.2f)) return seed_head(draws);
  Blossom blossom{
      .stem_top = -0.1f, .stem_radius = draws.between(0.04f, 0.07f), .least_tilt = 0.0f, .most_tilt = 1.2f};
  const PetalColor color = draw_petal_color(draws, weights);
  const int count = draws.whole(170, 220);
  const float closed = draws.between(0.0f, 0.35f);
  const float droop = draws.between(-0.5f, 0.1f);
  for (int i = 0; i < count; ++i) {
    const float outer = std::sqrt((static_cast<float>(i) + 0.5f) / static_cast<float>(count));
    PetalShape floret{.half_width = draws.between(0.034f, 0.05f),
                      .foot_width = 0.5f,
                      .widest = 0.85f,
                      .tip = 5,
                      .bend = droop + draws.between(-0.35f, 0.25f),
                      .cup = draws.between(0.0f, 0.5f),
                      .foot_radius = 0.03f};
    floret.length = mix(0.34f, 1.0f, outer) * draws.between(0.85f, 1.03f);
    floret.rise = mix(1.5f, 0.12f + closed, outer) + draws.between(-0.14f, 0.14f);
    floret.twist = draws.between(-0.2f, 0.2f);
    PetalColor paint = shaded(color, draws, 0.2f);
    paint.tip = mix(paint.foot * 0.85f, paint.tip, mix(0.35f, 1.0f, outer));
    paint.shade = 0.6f;
    add_petal(blossom.mesh, draws, floret, paint, golden_angle * static_cast<float>(i), 5, 3);
  }
  add_sepals(blossom.mesh, draws, {12, 0.45f, 0.07f, 0.03f, -0.08f});
  return blossom;
}

// Broad petals in a spiral: the inner ones upright and wrapped round each other, the outer ones open, their
// edges rolled back.
Blossom rose(Draws& draws) {
  constexpr HueWeights weights{.12f, .08f, .12f, .06f, .10f, .16f, .10f, .14f, .07f, .03f, .02f};
  Blossom blossom{
      .stem_top = -0.12f, .stem_radius = draws.between(0.04f, 0.06f), .least_tilt = 0.0f, .most_tilt = 1.05f};
  PetalColor color = draw_petal_color(draws, weights);
  color.stripes = 0.06f;
  color.vein = 0.02f;
  const int count = draws.whole(20, 32);
  const float open = draws.between(0.5f, 1.0f);
  for (int i = 0; i < count; ++i) {
    const float outer = (static_cast<float>(i) + 0.5f) / static_cast<float>(count);
    PetalShape shape{.foot_width = 0.35f, .widest = 0.66f, .tip = draws.between(2.2f, 3.2f), .wrap = 1};
    shape.length = mix(0.62f, 0.98f, outer) * draws.between(0.93f, 1.07f);
    shape.half_width = mix(0.17f, 0.46f, outer) * draws.between(0.9f, 1.1f);
    shape.rise = mix(1.50f, 1.25f - 1.0f * open, outer) + draws.between(-0.08f, 0.08f);
    shape.bend = mix(0.1f, 0.55f, outer) + draws.between(-0.1f, 0.15f);
    shape.curl = -mix(0.2f, 1.8f, outer) * draws.between(0.6f, 1.2f);
    shape.ripple = 0.09f * outer;
    shape.twist = draws.between(-0.1f, 0.25f);
    shape.foot_radius = 0.01f + 0.11f * outer;
    shape.foot_height = -0.08f * outer;
    PetalColor paint = shaded(color, draws, 0.12f);
    paint.shade = 0.8f;
    add_petal(blossom.mesh, draws, shape, paint, golden_angle * static_cast<float>(i), 9, 9);
  }
  add_sepals(blossom.mesh, draws, {5, 0.55f, 0.1f, 0.03f, -0.1f});
  return blossom;
}

// Six petals that make an egg-shaped cup.
Blossom tulip(Draws& draws) {
  constexpr HueWeights weights{.10f, .07f, .15f, .07f, .11f, .15f, .07f, .12f, .07f, .04f, .05f};
  Blossom blossom{
      .stem_top = 0.02f, .stem_radius = draws.between(0.05f, 0.075f), .least_tilt = 0.8f, .most_tilt = 1.5f};
  PetalColor color = draw_petal_color(draws, weights);
  color.shade = 0.3f;
  color.stripes = draws.between(0.08f, 0.25f);
  const float open = draws.between(0.0f, 0.9f);
  const float pointed = draws.between(1.21f, 2.4f);
  const float flare = draws.chance(0.35f) ? draws.between(0.4f, 1.3f) : 0.0f;
  for (int i = 0; i < 6; ++i) {
    const bool inner = i % 2 == 0;
    PetalShape shape{.length = 1.55f * draws.between(0.95f, 1.05f),
                     .half_width = mix(0.44f, 0.5f, open),
                     .foot_width = 0.45f,
                     .widest = draws.between(0.42f, 0.52f),
                     .tip = pointed,
                     .rise = 0.35f,
                     .cup = 0.12f,
                     .wrap = 0.9f};
    shape.bend = mix(1.65f, 1.0f, open) + draws.between(-0.06f, 0.06f);
    shape.curl = -flare * draws.between(0.7f, 1.2f) - 0.2f * open;
    shape.ripple = 0.05f;
    shape.foot_radius = inner ? 0.02f : 0.05f;
    const float angle = 2 * pi * static_cast<float>(i) / 6 + draws.between(-0.1f, 0.1f);
    add_petal(blossom.mesh, draws, shape, shaded(color, draws, 0.15f), angle, 11, 9);
  }
  for (int i = 0; i < 6; ++i) {
    const PetalShape stamen{
        .length = 0.5f, .half_width = 0.04f, .foot_width = 0.5f, .rise = 1.2f, .foot_radius = 0.05f};
    const Vector3 dark = from_srgb(0x3a2a20);
    add_petal(blossom.mesh, draws, stamen, {.foot = dark, .tip = dark}, 2 * pi * static_cast<float>(i) / 6, 4,
              3);
  }
  for (Vertex& vertex : blossom.mesh.vertices) vertex.position.y -= 0.7f;  // its middle is its middle
  blossom.stem_top -= 0.7f;
  return blossom;
}

// A leaf that leaves the stem at `share` of it.
void add_leaf(Mesh& mesh, Draws& draws, const PetalShape& shape, const Stem& stem, float share, float scale) {
  Mesh leaf;
  add_petal(leaf, draws, shape, leaf_color(draws), draws.between(0, 2 * pi), 9, 5);
  mesh.add(leaf, Frame{}, scale, stem.at(share));
}

}  // namespace

Vector3 from_srgb(std::uint32_t hexadecimal) {
  const auto linear = [&](int shift) {
    return std::pow(static_cast<float>((hexadecimal >> shift) & 255) / 255.0f, 2.2f);
  };
  return {linear(16), linear(8), linear(0)};
}

Vector3 draw_green(Draws& draws) {
  const std::uint32_t greens[] = {0x4f7a2a, 0x5f8a3c, 0x3f6a35, 0x7a9440, 0x47704a};
  return varied(draws, from_srgb(greens[draws.whole(0, 4)]), 0.15f);
}

Blossom draw_blossom(FlowerKind kind, Draws& draws) {
  switch (kind) {
    case FlowerKind::daisy:
      return daisy(draws);
    case FlowerKind::dandelion:
      return dandelion(draws);
    case FlowerKind::rose:
      return rose(draws);
    case FlowerKind::sunflower:
      return sunflower(draws);
    case FlowerKind::tulip:
      return tulip(draws);
  }
  return {};
}

void add_leaves(Mesh& mesh, FlowerKind kind, Draws& draws, const Stem& stem, float scale) {
  const int count = draws.whole(1, 4);
  for (int i = 0; i < count; ++i) {
    PetalShape leaf{.length = 1.1f,
                    .half_width = 0.3f,
                    .foot_width = 0.2f,
                    .widest = 0.4f,
                    .tip = 1,
                    .rise = draws.between(-0.2f, 0.9f),
                    .bend = draws.between(-1.2f, 0.2f),
                    .cup = draws.between(0.1f, 0.5f),
                    .ripple = 0.1f};
    if (kind == FlowerKind::tulip) {
      leaf.length = draws.between(1.8f, 2.8f);
      leaf.half_width = draws.between(0.16f, 0.26f);
      leaf.foot_width = 0.6f;
      leaf.rise = draws.between(1.0f, 1.45f);
    } else if (kind == FlowerKind::sunflower) {
      leaf.half_width = draws.between(0.38f, 0.5f);
      leaf.foot_width = 0.3f;
      leaf.widest = 0.3f;
    } else if (kind == FlowerKind::rose) {
      leaf.length = draws.between(0.6f, 0.9f);
      leaf.half_width = draws.between(0.2f, 0.28f);
    } else {
      leaf.half_width = draws.between(0.08f, 0.16f);
    }
    const bool low = kind == FlowerKind::tulip || kind == FlowerKind::dandelion;
    add_leaf(mesh, draws, leaf, stem, low ? draws.between(0.6f, 1.0f) : draws.between(0.25f, 0.95f), scale);
  }
}

}  // namespace petal::drawing
