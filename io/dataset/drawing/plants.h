#pragma once

#include "io/dataset/drawing/surfaces.h"
#include "io/dataset/drawn_flowers.h"

namespace petal::drawing {

// A blossom of radius about 1 around the y axis, and what the scene must know to stand it on a stem.
struct Blossom {
  Mesh mesh{};
  float stem_top = 0;  // height at which the stem meets it
  float stem_radius = 0.04f;
  float least_tilt = 0;  // how it is usually seen: 0 from above, pi / 2 from the side
  float most_tilt = 1;
};
Blossom draw_blossom(FlowerKind kind, Draws& draws);

// The leaves that the kind bears along its stem or at its foot, in the stem's coordinates; `scale` is the
// blossom's radius.
void add_leaves(Mesh& mesh, FlowerKind kind, Draws& draws, const Stem& stem, float scale);

// A green of leaves and stems.
Vector3 draw_green(Draws& draws);
// The linear light of an sRGB colour, 0xRRGGBB.
Vector3 from_srgb(std::uint32_t hexadecimal);

}  // namespace petal::drawing
