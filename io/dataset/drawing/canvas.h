#pragma once

#include <vector>

#include "io/dataset/drawing/draws.h"
#include "io/dataset/drawing/vector3.h"

namespace petal::drawing {

// A square picture of linear light: red, green and blue already multiplied by alpha, alpha fourth; top row
// first.
struct Canvas {
  explicit Canvas(int pixels) : size(pixels), values(static_cast<std::size_t>(4 * pixels * pixels)) {}

  float* at(int x, int y) { return values.data() + 4 * (y * size + x); }
  const float* at(int x, int y) const { return values.data() + 4 * (y * size + x); }

  int size;
  std::vector<float> values;
};

// Gaussian blur, edges repeated; sigma in pixels.
void blur(Canvas& canvas, float sigma);

// Lays `front`, of the same size, over `canvas`.
void lay_over(Canvas& canvas, const Canvas& front);

// Bilinear.
Canvas resized(const Canvas& canvas, int size);

// Lays a disc with a soft edge over the canvas; position and radius in shares of its size.
struct Disc {
  float x;
  float y;
  float radius;
  float softness;  // share of the radius over which the edge fades
  Vector3 color;
  float alpha;
};
void draw_disc(Canvas& canvas, const Disc& disc);

// Smooth random values in 0..1 over the unit square, `cells` lattice cells a side.
class Noise {
 public:
  Noise(Draws& draws, int cells);
  float at(float x, float y) const;

 private:
  int cells_;
  std::vector<float> lattice_;
};

}  // namespace petal::drawing
