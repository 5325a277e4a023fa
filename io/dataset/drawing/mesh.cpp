#include "io/dataset/drawing/mesh.h"

#include <limits>

namespace petal::drawing {
namespace {

constexpr int samples = 2;  // a side of each pixel
constexpr float nothing = -std::numeric_limits<float>::infinity();

// A vertex where it is drawn: pixels across and down, and nearness.
struct Spot {
  float x;
  float y;
  float near;
};

// Calls draw(x, y, share of b, share of c) for every pixel centre inside the triangle.
template <typename Draw>
void fill_triangle(const Spot& a, const Spot& b, const Spot& c, int size, Draw&& draw) {
  const float area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
  if (std::fabs(area) < 1e-9f) return;
  const auto first = [&](float least) {
    return static_cast<int>(std::clamp(least - 0.5f, 0.0f, static_cast<float>(size)));
  };
  const auto last = [&](float most) {
    return static_cast<int>(std::clamp(most + 0.5f, 0.0f, static_cast<float>(size)));
  };
  const int left = first(std::min({a.x, b.x, c.x}));
  const int right = last(std::max({a.x, b.x, c.x}));
  const int top = first(std::min({a.y, b.y, c.y}));
  const int bottom = last(std::max({a.y, b.y, c.y}));
  const float scale = 1 / area;
  const float b_step = (c.y - a.y) * scale;
  const float c_step = (a.y - b.y) * scale;
  for (int y = top; y < bottom; ++y) {
    const float px = static_cast<float>(left) + 0.5f - a.x;
    const float py = static_cast<float>(y) + 0.5f - a.y;
    float of_b = (px * (c.y - a.y) - (c.x - a.x) * py) * scale;
    float of_c = ((b.x - a.x) * py - px * (b.y - a.y)) * scale;
    bool entered = false;
    for (int x = left; x < right; ++x, of_b += b_step, of_c += c_step) {
      if (of_b >= 0 && of_c >= 0 && of_b + of_c <= 1) {
        entered = true;
        draw(x, y, of_b, of_c);
      } else if (entered) {
        break;
      }
    }
  }
}

// Which points the sun sees: the nearest surface to it, on a grid across its direction.
class ShadowMap {
 public:
  ShadowMap(const Mesh& mesh, Vector3 direction)
      : frame_(Frame::along(direction, 0)), depths_(side * side, nothing) {
    Vector3 high{nothing, nothing, nothing};
    low_ = {-nothing, -nothing, -nothing};
    for (const Vertex& vertex : mesh.vertices) {
      const Vector3 p = seen(vertex.position);
      low_ = {std::min(low_.x, p.x), std::min(low_.y, p.y), std::min(low_.z, p.z)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    }
    scale_ = (side - 2) / std::max({high.x - low_.x, high.z - low_.z, 1e-6f});
    std::vector<Spot> spots;
    spots.reserve(mesh.vertices.size());
    for (const Vertex& vertex : mesh.vertices) spots.push_back(spot(vertex.position));
    for (const auto& [i, j, k] : mesh.triangles) {
      const Spot &a = spots[i], &b = spots[j], &c = spots[k];
      fill_triangle(a, b, c, side, [&](int x, int y, float of_b, float of_c) {
        float& depth = depths_[y * side + x];
        depth = std::max(depth, a.near + (b.near - a.near) * of_b + (c.near - a.near) * of_c);
      });
    }
  }

  // 0 in full shadow, 1 in full sun; soft at the edges.
  float light_at(Vector3 position) const {
    const Spot at = spot(position);
    int lit = 0;
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const int x = std::clamp(static_cast<int>(at.x) + dx, 0, side - 1);
        const int y = std::clamp(static_cast<int>(at.y) + dy, 0, side - 1);
        lit += at.near + 3.0f / scale_ > depths_[y * side + x] ? 1 : 0;  // a surface is not its own shadow
      }
    return static_cast<float>(lit) / 9;
  }

 private:
  static constexpr int side = 128;

  Vector3 seen(Vector3 p) const { return {dot(p, frame_.x), dot(p, frame_.y), dot(p, frame_.z)}; }
  Spot spot(Vector3 position) const {
    const Vector3 p = seen(position);
    return {(p.x - low_.x) * scale_ + 1, (p.z - low_.z) * scale_ + 1, p.y};
  }

  Frame frame_;
  Vector3 low_;
  float scale_ = 1;
  std::vector<float> depths_;
};

Vector3 lit(const Vertex& vertex, const Light& light, float sunshine, Vector3 view) {
  Vector3 normal = vertex.normal;
  if (dot(normal, view) < 0) normal = normal * -1.0f;
  const float facing = dot(normal, light.direction);
  const float through = std::max(-facing, 0.0f) * vertex.translucent;
  const float sun = (std::max(facing, 0.0f) + through) * mix(0.06f, 1.0f, sunshine);
  const float above = 0.5f + 0.5f * normal.y;
  Vector3 color = vertex.color * (light.sun * sun + mix(light.ground, light.sky, above));
  if (vertex.gloss > 0) {
    const Vector3 halfway = normalized(light.direction + view);
    const float square = dot(normal, halfway) * dot(normal, halfway);
    const float eighth = square * square * square * square;
    const float shine = eighth * eighth * eighth;  // a highlight as broad as a leaf's
    color = color + light.sun * (shine * vertex.gloss * sunshine);
  }
  return color;
}

Canvas averaged(const std::vector<Vector3>& colors, const std::vector<float>& nearness, int size) {
  Canvas canvas(size);
  constexpr float share = 1.0f / (samples * samples);
  const int wide = size * samples;
  for (int y = 0; y < wide; ++y)
    for (int x = 0; x < wide; ++x) {
      const auto i = static_cast<std::size_t>(y * wide + x);
      if (nearness[i] == nothing) continue;
      float* pixel = canvas.at(x / samples, y / samples);
      pixel[0] += colors[i].x * share;
      pixel[1] += colors[i].y * share;
      pixel[2] += colors[i].z * share;
      pixel[3] += share;
    }
  return canvas;
}

}  // namespace

void Mesh::add_grid(std::vector<Vertex> grid, int columns) {
  const int rows = static_cast<int>(grid.size()) / columns;
  const auto at = [&](int row, int column) -> Vertex& {
    return grid[static_cast<std::size_t>(std::clamp(row, 0, rows - 1) * columns +
                                         std::clamp(column, 0, columns - 1))];
  };
  const auto first = static_cast<std::uint32_t>(vertices.size());
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const Vector3 along = at(row + 1, column).position - at(row - 1, column).position;
      const Vector3 across = at(row, column + 1).position - at(row, column - 1).position;
      at(row, column).normal = normalized(cross(across, along));
      if (row == 0 || column == 0) continue;
      const auto corner = first + static_cast<std::uint32_t>(row * columns + column);
      const auto above = corner - static_cast<std::uint32_t>(columns);
      triangles.push_back({corner, corner - 1, above - 1});
      triangles.push_back({corner, above - 1, above});
    }
  vertices.insert(vertices.end(), grid.begin(), grid.end());
}

void Mesh::add(const Mesh& mesh, const Frame& frame, float scale, Vector3 origin) {
  const auto first = static_cast<std::uint32_t>(vertices.size());
  for (Vertex vertex : mesh.vertices) {
    vertex.position = frame.turned(vertex.position) * scale + origin;
    vertex.normal = frame.turned(vertex.normal);
    vertices.push_back(vertex);
  }
  for (const auto& [a, b, c] : mesh.triangles) triangles.push_back({a + first, b + first, c + first});
}

Canvas render(const Mesh& mesh, const Light& light, int size, float distance) {
  const int wide = size * samples;
  std::vector<Vector3> colors(static_cast<std::size_t>(wide * wide));
  std::vector<float> nearness(colors.size(), nothing);
  if (mesh.triangles.empty()) return averaged(colors, nearness, size);
  const ShadowMap shadows(mesh, light.direction);
  const Vector3 eye{0, 0, distance};
  std::vector<Spot> spots;
  std::vector<Vector3> shades;
  spots.reserve(mesh.vertices.size());
  shades.reserve(mesh.vertices.size());
  for (const Vertex& vertex : mesh.vertices) {
    const Vector3 p = vertex.position;
    const float gap = std::max(distance - p.z, 0.1f);  // nothing gets behind the camera
    const float scale = 0.5f * static_cast<float>(wide) * distance / gap;
    spots.push_back(
        {0.5f * static_cast<float>(wide) + p.x * scale, 0.5f * static_cast<float>(wide) - p.y * scale, -gap});
    shades.push_back(lit(vertex, light, shadows.light_at(p), normalized(eye - p)));
  }
  for (const auto& [i, j, k] : mesh.triangles) {
    const Spot &a = spots[i], &b = spots[j], &c = spots[k];
    const Vector3 first = shades[i], to_b = shades[j] - first, to_c = shades[k] - first;
    fill_triangle(a, b, c, wide, [&](int x, int y, float of_b, float of_c) {
      const float near = a.near + (b.near - a.near) * of_b + (c.near - a.near) * of_c;
      const auto at = static_cast<std::size_t>(y * wide + x);
      if (near <= nearness[at]) return;
      nearness[at] = near;
      colors[at] = first + to_b * of_b + to_c * of_c;
    });
  }
  return averaged(colors, nearness, size);
}

}  // namespace petal::drawing
