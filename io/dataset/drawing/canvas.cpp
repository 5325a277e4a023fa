#include "io/dataset/drawing/canvas.h"

namespace petal::drawing {
namespace {

std::vector<float> gaussian(float sigma) {
  const int radius = static_cast<int>(std::ceil(2.5f * sigma));
  std::vector<float> kernel(static_cast<std::size_t>(2 * radius + 1));
  float sum = 0;
  for (int i = -radius; i <= radius; ++i) {
    const float x = static_cast<float>(i) / sigma;
    sum += kernel[static_cast<std::size_t>(i + radius)] = std::exp(-0.5f * x * x);
  }
  for (float& weight : kernel) weight /= sum;
  return kernel;
}

// Blurs along rows, or along columns: as sums of whole canvases, each shifted and weighted, which is quick.
void blur_lines(const Canvas& from, Canvas& to, const std::vector<float>& kernel, bool columns) {
  const int radius = static_cast<int>(kernel.size() / 2);
  const int row = 4 * from.size;
  for (int y = 0; y < from.size; ++y) {
    float* out = to.values.data() + y * row;
    for (int k = -radius; k <= radius; ++k) {
      const float weight = kernel[static_cast<std::size_t>(k + radius)];
      if (columns) {
        const float* in = from.values.data() + std::clamp(y + k, 0, from.size - 1) * row;
        for (int i = 0; i < row; ++i) out[i] += weight * in[i];
        continue;
      }
      const float* in = from.values.data() + y * row;
      const int begin = std::clamp(-4 * k, 0, row);
      const int end = std::clamp(row - 4 * k, 0, row);
      for (int i = 0; i < begin; ++i) out[i] += weight * in[i % 4];
      for (int i = begin; i < end; ++i) out[i] += weight * in[i + 4 * k];
      for (int i = end; i < row; ++i) out[i] += weight * in[row - 4 + i % 4];
    }
  }
}

}  // namespace

void blur(Canvas& canvas, float sigma) {
  if (sigma < 0.2f) return;  // nothing to see
  const std::vector<float> kernel = gaussian(sigma);
  Canvas half(canvas.size);
  blur_lines(canvas, half, kernel, false);
  std::fill(canvas.values.begin(), canvas.values.end(), 0.0f);
  blur_lines(half, canvas, kernel, true);
}

void lay_over(Canvas& canvas, const Canvas& front) {
  for (std::size_t i = 0; i < canvas.values.size(); i += 4) {
    const float rest = 1 - front.values[i + 3];
    for (std::size_t c = 0; c < 4; ++c)
      canvas.values[i + c] = front.values[i + c] + rest * canvas.values[i + c];
  }
}

Canvas resized(const Canvas& canvas, int size) {
  Canvas result(size);
  const float scale = static_cast<float>(canvas.size) / static_cast<float>(size);
  const auto limit = static_cast<float>(canvas.size - 1);
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      const float u = std::clamp((static_cast<float>(x) + 0.5f) * scale - 0.5f, 0.0f, limit);
      const float v = std::clamp((static_cast<float>(y) + 0.5f) * scale - 0.5f, 0.0f, limit);
      const int left = static_cast<int>(u);
      const int top = static_cast<int>(v);
      const int right = std::min(left + 1, canvas.size - 1);
      const int bottom = std::min(top + 1, canvas.size - 1);
      const float across = u - static_cast<float>(left);
      const float down = v - static_cast<float>(top);
      for (int c = 0; c < 4; ++c)
        result.at(x, y)[c] = mix(mix(canvas.at(left, top)[c], canvas.at(right, top)[c], across),
                                 mix(canvas.at(left, bottom)[c], canvas.at(right, bottom)[c], across), down);
    }
  return result;
}

void draw_disc(Canvas& canvas, const Disc& disc) {
  const auto size = static_cast<float>(canvas.size);
  const auto pixel = [&](float share) { return std::clamp(static_cast<int>(share * size), 0, canvas.size); };
  for (int y = pixel(disc.y - disc.radius); y < pixel(disc.y + disc.radius + 1 / size); ++y)
    for (int x = pixel(disc.x - disc.radius); x < pixel(disc.x + disc.radius + 1 / size); ++x) {
      const float dx = (static_cast<float>(x) + 0.5f) / size - disc.x;
      const float dy = (static_cast<float>(y) + 0.5f) / size - disc.y;
      const float inside = 1 - std::sqrt(dx * dx + dy * dy) / disc.radius;
      const float alpha = disc.alpha * std::clamp(inside / disc.softness, 0.0f, 1.0f);
      float* at = canvas.at(x, y);
      at[0] = mix(at[0], disc.color.x, alpha);
      at[1] = mix(at[1], disc.color.y, alpha);
      at[2] = mix(at[2], disc.color.z, alpha);
      at[3] = mix(at[3], 1.0f, alpha);
    }
}

Noise::Noise(Draws& draws, int cells)
    : cells_(cells), lattice_(static_cast<std::size_t>((cells + 1) * (cells + 1))) {
  for (float& value : lattice_) value = draws.uniform();
}

float Noise::at(float x, float y) const {
  const auto cells = static_cast<float>(cells_);
  const float u = std::clamp(x, 0.0f, 1.0f) * cells;
  const float v = std::clamp(y, 0.0f, 1.0f) * cells;
  const int left = std::min(static_cast<int>(u), cells_ - 1);
  const int top = std::min(static_cast<int>(v), cells_ - 1);
  const float across = smoothstep(0, 1, u - static_cast<float>(left));
  const float down = smoothstep(0, 1, v - static_cast<float>(top));
  const float* row = lattice_.data() + top * (cells_ + 1) + left;
  return mix(mix(row[0], row[1], across), mix(row[cells_ + 1], row[cells_ + 2], across), down);
}

}  // namespace petal::drawing
