#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/dataset/drawing/canvas.h"
#include "io/dataset/drawing/vector3.h"

namespace petal::drawing {

struct Vertex {
  Vector3 position;
  Vector3 normal;         // either side: surfaces are thin
  Vector3 color;          // share of the light that it throws back
  float translucent = 0;  // share of the light from behind that shines through
  float gloss = 0;
};

struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<std::array<std::uint32_t, 3>> triangles;

  // Adds a surface of rows * columns vertices, row by row; their normals are made here.
  void add_grid(std::vector<Vertex> grid, int columns);
  // Adds another mesh, turned into `frame`, scaled and moved.
  void add(const Mesh& mesh, const Frame& frame, float scale, Vector3 origin);
};

struct Light {
  Vector3 direction;  // towards the sun, of length 1
  Vector3 sun;
  Vector3 sky;     // light from above
  Vector3 ground;  // light from below
};

// Draws the mesh as a camera at (0, 0, `distance`) sees it, the square from -1 to 1 at z = 0 filling the
// canvas; nearer surfaces hide farther ones and throw shadows on them; anti-aliased. Returns a canvas of
// `size` pixels, clear where nothing is.
Canvas render(const Mesh& mesh, const Light& light, int size, float distance);

}  // namespace petal::drawing
