#pragma once

#include <algorithm>
#include <cmath>

// What the drawn photos are computed with: x to the right, y up, z towards the viewer; colours are linear
// light, red, green, blue in x, y, z.
namespace petal::drawing {

constexpr float pi = 3.14159265f;

struct Vector3 {
  float x = 0;
  float y = 0;
  float z = 0;
};

constexpr Vector3 operator+(Vector3 a, Vector3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
constexpr Vector3 operator-(Vector3 a, Vector3 b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
constexpr Vector3 operator*(Vector3 a, Vector3 b) {
  return {a.x * b.x, a.y * b.y, a.z * b.z};
}
constexpr Vector3 operator*(Vector3 a, float s) {
  return {a.x * s, a.y * s, a.z * s};
}
constexpr float dot(Vector3 a, Vector3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
constexpr Vector3 cross(Vector3 a, Vector3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline Vector3 normalized(Vector3 a) {
  const float length = std::sqrt(dot(a, a));
  return length > 1e-12f ? a * (1.0f / length) : Vector3{0, 1, 0};
}

constexpr float mix(float a, float b, float share) {
  return a + (b - a) * share;
}
constexpr Vector3 mix(Vector3 a, Vector3 b, float share) {
  return a + (b - a) * share;
}
constexpr float smoothstep(float from, float to, float value) {
  const float share = std::clamp((value - from) / (to - from), 0.0f, 1.0f);
  return share * share * (3 - 2 * share);
}

// A frame whose y axis points along `axis`, turned about it by `spin`.
struct Frame {
  Vector3 x{1, 0, 0};
  Vector3 y{0, 1, 0};
  Vector3 z{0, 0, 1};

  Vector3 turned(Vector3 v) const { return x * v.x + y * v.y + z * v.z; }

  static Frame along(Vector3 axis, float spin) {
    const Vector3 y = normalized(axis);
    const Vector3 side = normalized(cross(y, std::fabs(y.z) < 0.9f ? Vector3{0, 0, 1} : Vector3{1, 0, 0}));
    const Vector3 front = cross(side, y);
    const float c = std::cos(spin);
    const float s = std::sin(spin);
    const Vector3 x = side * c + front * s;
    return {x, y, cross(x, y)};
  }
};

}  // namespace petal::drawing
