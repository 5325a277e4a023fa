#pragma once

#include "io/dataset/drawing/draws.h"
#include "io/dataset/drawing/mesh.h"

namespace petal::drawing {

// The parts that plants are made of. A blossom's axis is y; petals begin `foot_radius` from it, `foot_height`
// up.

// A petal or a leaf. Angles in radians, lengths in the blossom's unit.
struct PetalShape {
  float length = 1;
  float half_width = 0.2f;
  float foot_width = 0.3f;  // share of the half width where it begins
  float widest = 0.6f;      // share of the length where it is widest
  float tip = 2;            // how the outline closes: 1 pointed, 2 round, 4 squared
  float rise = 0;           // how steeply it begins, 0 flat, pi / 2 along the axis
  float bend = 0;           // how much steeper it has become at its end
  float curl = 0;           // the same, but all of it near the end
  float cup = 0;            // how far its sides rise above its middle, share of the half width
  float wrap = 0;           // 1: its sides go round the axis, 0: straight
  float ripple = 0;         // waves along its sides, share of the half width
  float twist = 0;          // how far its end is turned sideways about the axis
  float notch = 0;          // how far the tip is cut in, share of the length
  float foot_radius = 0;
  float foot_height = 0;
};

struct PetalColor {
  Vector3 foot;
  Vector3 tip;
  float blend = 0.7f;    // share of the length over which foot becomes tip
  float vein = 0.1f;     // how much darker the middle is
  float stripes = 0.1f;  // how much lines along it differ
  float shade = 0.3f;    // how much less light reaches its foot
  float translucent = 0.5f;
  float gloss = 0;
};

// `rows` and `columns` are vertices along and across.
void add_petal(Mesh& mesh, Draws& draws, const PetalShape& shape, const PetalColor& color, float angle,
               int rows, int columns);

// A disc of small florets in the spirals of a sunflower, on a dome.
struct FloretDisc {
  float radius = 0.25f;
  float height = 0.08f;  // of the dome's middle above its edge
  float base = 0;        // height of its edge
  int florets = 120;
  float bump = 0.04f;  // how far a floret stands out
  Vector3 middle{};
  Vector3 edge{};
  float ring = 0.6f;  // share of the radius where `middle` becomes `edge`
};
void add_floret_disc(Mesh& mesh, Draws& draws, const FloretDisc& disc);

// A round stem along the curve that leaves `start` towards `control` and arrives at `end` (a quadratic
// Bezier).
struct Stem {
  Vector3 start;
  Vector3 control;
  Vector3 end;
  float radius = 0.04f;
  Vector3 color;

  Vector3 at(float share) const;
};
void add_stem(Mesh& mesh, const Stem& stem);

}  // namespace petal::drawing
