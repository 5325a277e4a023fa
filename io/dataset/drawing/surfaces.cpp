#include "io/dataset/drawing/surfaces.h"

namespace petal::drawing {
namespace {

// Half the width at share `s` of the length, share of the widest.
float outline(const PetalShape& shape, float s) {
  if (s < shape.widest) return mix(shape.foot_width, 1.0f, std::sin(0.5f * pi * s / shape.widest));
  const float rest = (s - shape.widest) / (1 - shape.widest);
  return shape.tip > 1.2f ? std::pow(std::max(1 - std::pow(rest, shape.tip), 0.0f), 1 / shape.tip)
                          : std::cos(0.5f * pi * rest);
}

// One row of a petal's vertices: where its middle is in the plane through the axis, where it heads, and how
// wide it is.
struct Row {
  float share;  // of the length
  float radius;
  float height;
  float outwards;  // cosine and sine of the heading
  float upwards;
  float half_width;
};

std::vector<Row> rows_of(const PetalShape& shape, int count) {
  std::vector<Row> rows;
  Row row{0, shape.foot_radius, shape.foot_height, 0, 0, 0};
  for (int i = 0; i < count; ++i) {
    const float left = 1 - static_cast<float>(i) / static_cast<float>(count - 1);
    const float share = 1 - left * std::sqrt(left);  // closer together near the round tip
    const float step = (share - row.share) * shape.length;
    const float heading = shape.rise + shape.bend * share + shape.curl * share * share * share * share;
    row.share = share;
    row.outwards = std::cos(heading);
    row.upwards = std::sin(heading);
    row.radius += row.outwards * step;
    row.height += row.upwards * step;
    row.half_width = shape.half_width * outline(shape, share);
    rows.push_back(row);
  }
  return rows;
}

// Where a petal that points along +x has its vertex `t` (-1 to 1) across the row.
Vector3 placed(const PetalShape& shape, const Row& row, float t, float wave) {
  const float lift = row.half_width * (shape.cup + shape.ripple * wave) * t * t;
  const float cut = shape.notch * shape.length * row.share * row.share * (1 - t * t);
  const float radius = row.radius - row.upwards * lift - row.outwards * cut;
  const float height = row.height + row.outwards * lift - row.upwards * cut;
  const float side = t * row.half_width;
  if (shape.wrap == 0) return {radius, height, side};
  const float around =
      std::max(std::fabs(radius), 0.6f * row.half_width);  // tighter would fold the petal over
  const float turn = side / around;
  return {mix(radius, radius * std::cos(turn), shape.wrap), height,
          mix(side, around * std::sin(turn), shape.wrap)};
}

}  // namespace

void add_petal(Mesh& mesh, Draws& draws, const PetalShape& shape, const PetalColor& color, float angle,
               int rows, int columns) {
  std::vector<float> stripes;
  const auto across = [&](int column) {
    return 2 * static_cast<float>(column) / static_cast<float>(columns - 1) - 1;
  };
  for (int column = 0; column < columns; ++column) {
    const float t = across(column);
    stripes.push_back((1 - color.stripes * draws.uniform()) * (1 - color.vein * std::exp(-12 * t * t)));
  }
  const float phase = draws.between(0, 2 * pi);
  const float waves = draws.between(5, 10);
  std::vector<Vertex> grid;
  grid.reserve(static_cast<std::size_t>(rows * columns));
  for (const Row& row : rows_of(shape, rows)) {
    const Vector3 paint = mix(color.foot, color.tip, smoothstep(0, color.blend, row.share)) *
                          mix(1 - color.shade, 1.0f, smoothstep(0, 0.7f, row.share));
    const float c = std::cos(angle + shape.twist * row.share);
    const float s = std::sin(angle + shape.twist * row.share);
    for (int column = 0; column < columns; ++column) {
      const float t = across(column);
      const float wave = shape.ripple == 0 ? 0 : std::sin(row.share * waves + phase + t);
      const Vector3 p = placed(shape, row, t, wave);
      grid.push_back({{p.x * c - p.z * s, p.y, p.x * s + p.z * c},
                      {},
                      paint * stripes[static_cast<std::size_t>(column)],
                      color.translucent,
                      color.gloss});
    }
  }
  mesh.add_grid(std::move(grid), columns);
}

void add_floret_disc(Mesh& mesh, Draws& draws, const FloretDisc& disc) {
  const auto dome = [&](float radius, float lift) {
    const float share = radius / disc.radius;
    return disc.base + disc.height * (1 - share * share) + lift;
  };
  constexpr int around = 17;
  std::vector<Vertex> ground;
  for (int ring = 0; ring < 5; ++ring)
    for (int i = 0; i < around; ++i) {
      const float radius = disc.radius * std::max(static_cast<float>(ring) / 4, 0.01f);
      const float angle = 2 * pi * static_cast<float>(i) / (around - 1);
      const Vector3 paint = mix(disc.middle, disc.edge, static_cast<float>(ring) / 4) * 0.35f;
      ground.push_back(
          {{radius * std::cos(angle), dome(radius, 0), radius * std::sin(angle)}, {}, paint, 0, 0});
    }
  mesh.add_grid(std::move(ground), around);
  const float spacing = disc.radius / std::sqrt(static_cast<float>(disc.florets));
  for (int i = 0; i < disc.florets; ++i) {
    const float radius =
        disc.radius * std::sqrt((static_cast<float>(i) + 0.5f) / static_cast<float>(disc.florets));
    const float angle = 2.39996323f * static_cast<float>(i);  // the golden angle
    const Vector3 paint =
        mix(disc.middle, disc.edge, smoothstep(disc.ring - 0.2f, disc.ring + 0.2f, radius / disc.radius)) *
        draws.between(0.7f, 1.15f);
    const Vector3 out{std::cos(angle), 0, std::sin(angle)};
    const Vector3 side{-out.z, 0, out.x};
    const Vector3 foot = out * radius + Vector3{0, dome(radius, 0), 0};
    const Vector3 up =
        normalized(out * (2 * disc.height * radius / (disc.radius * disc.radius)) + Vector3{0, 1, 0});
    const float wide = 0.95f * spacing;
    const auto first = static_cast<std::uint32_t>(mesh.vertices.size());
    for (const Vector3& corner : {out, side, out * -1.0f, side * -1.0f})
      mesh.vertices.push_back({foot + corner * wide, normalized(up + corner * 0.8f), paint * 0.5f, 0.1f, 0});
    mesh.vertices.push_back({foot + up * (disc.bump * draws.between(0.5f, 1.2f)), up, paint, 0.1f, 0});
    for (std::uint32_t corner = 0; corner < 4; ++corner)
      mesh.triangles.push_back({first + corner, first + (corner + 1) % 4, first + 4});
  }
}

Vector3 Stem::at(float share) const {
  const float rest = 1 - share;
  return start * (rest * rest) + control * (2 * rest * share) + end * (share * share);
}

void add_stem(Mesh& mesh, const Stem& stem) {
  constexpr int rows = 9;
  constexpr int around = 7;
  std::vector<Vertex> grid;
  for (int row = 0; row < rows; ++row) {
    const float share = static_cast<float>(row) / (rows - 1);
    const Vector3 along = stem.at(share + 0.01f) - stem.at(share - 0.01f);
    const Frame frame = Frame::along(along, 0);
    for (int i = 0; i < around; ++i) {
      const float angle = 2 * pi * static_cast<float>(i) / (around - 1);
      const Vector3 out = frame.x * std::cos(angle) + frame.z * std::sin(angle);
      grid.push_back({stem.at(share) + out * stem.radius, {}, stem.color, 0.1f, 0.02f});
    }
  }
  mesh.add_grid(std::move(grid), around);
}

}  // namespace petal::drawing
