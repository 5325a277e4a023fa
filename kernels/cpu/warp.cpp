#include "kernels/cpu/warp.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#define PETAL_AVX2 __attribute__((target("avx2")))
#else
#define PETAL_AVX2
#endif

namespace petal::cpu {
namespace {

// So many columns of a row are located, then read. Locating always runs to the block's end, in vectors.
constexpr std::int64_t block = 32;

struct Block {
  float row;
  std::int64_t column;  // the first
  std::int64_t count;
};

// Where a block of dst lies in src: the offset of the upper left of four neighbours, and how far from it to
// the right and down (0 to 1; 1 in the last column and row, which nothing follows).
struct Places {
  alignas(32) std::array<std::int32_t, block> offset;
  alignas(32) std::array<float, block> right, below;
};

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

// The first of the two neighbours that a coordinate lies between.
inline float pair_begin(float at, float size) {
  const float whole = std::floor(at);
  return whole < size - 2 ? whole : size - 2;
}

template <FillMode mode, Interpolation interpolation>
[[gnu::always_inline]] inline void locate(const PhotoView& src, const PixelAffine& map, const Block& at,
                                          Places& places) {
  const auto width = static_cast<float>(src.size.width), height = static_cast<float>(src.size.height);
  const auto row = static_cast<std::int32_t>(src.row), channels = static_cast<std::int32_t>(src.channels);
  const auto first = static_cast<std::int32_t>(at.column);
  for (std::int32_t k = 0; k < block; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const auto column = static_cast<float>(first + k);
    const float x = filled(mode, map.x(column, at.row), width);
    const float y = filled(mode, map.y(column, at.row), height);
    float left, top;
    if constexpr (interpolation == Interpolation::nearest) {
      left = nearest_pixel(x);
      top = nearest_pixel(y);
    } else {
      left = pair_begin(x, width);
      top = pair_begin(y, height);
      places.right[i] = x - left;
      places.below[i] = y - top;
    }
    places.offset[i] = static_cast<std::int32_t>(top) * row + static_cast<std::int32_t>(left) * channels;
  }
}

using Locate = void (*)(const PhotoView&, const PixelAffine&, const Block&, Places&);

template <FillMode mode, Interpolation interpolation>
void locate_anywhere(const PhotoView& src, const PixelAffine& map, const Block& at, Places& places) {
  locate<mode, interpolation>(src, map, at, places);
}

template <FillMode mode, Interpolation interpolation>
PETAL_AVX2 void locate_avx2(const PhotoView& src, const PixelAffine& map, const Block& at, Places& places) {
  locate<mode, interpolation>(src, map, at, places);
}

template <FillMode mode>
Locate choose_locate(Interpolation interpolation) {
  if (interpolation == Interpolation::nearest) {
    return has_avx2() ? locate_avx2<mode, Interpolation::nearest>
                      : locate_anywhere<mode, Interpolation::nearest>;
  }
  return has_avx2() ? locate_avx2<mode, Interpolation::bilinear>
                    : locate_anywhere<mode, Interpolation::bilinear>;
}

// With FillMode::constant good for blocks inside the photo alone.
Locate choose_locate(FillMode mode, Interpolation interpolation) {
  switch (mode) {
    case FillMode::reflect:
      return choose_locate<FillMode::reflect>(interpolation);
    case FillMode::wrap:
      return choose_locate<FillMode::wrap>(interpolation);
    case FillMode::nearest:
      return choose_locate<FillMode::nearest>(interpolation);
    case FillMode::constant:
      break;
  }
  return choose_locate<FillMode::constant>(interpolation);
}

// Across, then down, as TensorFlow; the weights' form gives a neighbour of weight 1 exactly.
void read_pairs(const PhotoView& src, const Places& places, std::int64_t count, float* dst) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    const float* upper = src.pixels + places.offset[k];
    const float* lower = upper + src.row;
    const float right = places.right[k], left = 1 - right;
    const float below = places.below[k], above = 1 - below;
    for (std::int64_t c = 0; c < src.channels; ++c) {
      const float top = left * upper[c] + right * upper[src.channels + c];
      const float bottom = left * lower[c] + right * lower[src.channels + c];
      *dst++ = above * top + below * bottom;
    }
  }
}

#if defined(__x86_64__)
// Three channels: the upper pair of neighbours in one half of a register, the lower in the other. Four floats
// are loaded at a neighbour, and stored: what is too much belongs to the next pixel, which comes after.
PETAL_AVX2 void read_rgb_pairs_avx2(const PhotoView& src, const Places& places, std::int64_t count,
                                    float* dst) {
  __m128 pixel = _mm_setzero_ps();
  for (std::int64_t k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const float* upper = src.pixels + places.offset[i];
    const float* lower = upper + src.row;
    const __m256 lefts = _mm256_loadu2_m128(lower, upper);
    // Loaded a float early and moved, so that nothing is read behind the pair.
    const __m256 rights = _mm256_permute_ps(_mm256_loadu2_m128(lower + 2, upper + 2), 0xF9);
    const __m256 right = _mm256_broadcast_ss(&places.right[i]);
    const __m256 left = _mm256_sub_ps(_mm256_set1_ps(1), right);
    const __m256 across = _mm256_add_ps(_mm256_mul_ps(left, lefts), _mm256_mul_ps(right, rights));
    const __m128 below = _mm_broadcast_ss(&places.below[i]);
    const __m128 above = _mm_sub_ps(_mm_set1_ps(1), below);
    pixel = _mm_add_ps(_mm_mul_ps(above, _mm256_castps256_ps128(across)),
                       _mm_mul_ps(below, _mm256_extractf128_ps(across, 1)));
    if (k + 1 < count) _mm_storeu_ps(dst + 3 * k, pixel);
  }
  alignas(16) float last[4];
  _mm_store_ps(last, pixel);
  std::copy_n(last, 3, dst + 3 * (count - 1));
}
#else
void read_rgb_pairs_avx2(const PhotoView&, const Places&, std::int64_t, float*) {}
#endif

void read_pixels(const PhotoView& src, const Places& places, std::int64_t count, float* dst) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
    dst = std::copy_n(src.pixels + places.offset[k], src.channels, dst);
  }
}

// Any block of any photo, one neighbour after the other: across the border of a constant fill, and photos too
// small for pairs.
class BorderReader {
 public:
  BorderReader(const PhotoView& src, const Sampling& sampling, const PixelAffine& map)
      : src_(src), sampling_(sampling), map_(map) {}

  void read(const Block& at, float* dst) const {
    for (std::int64_t k = 0; k < at.count; ++k) {
      const auto column = static_cast<float>(at.column + k);
      const float x =
          filled(sampling_.fill_mode, map_.x(column, at.row), static_cast<float>(src_.size.width));
      const float y =
          filled(sampling_.fill_mode, map_.y(column, at.row), static_cast<float>(src_.size.height));
      for (std::int64_t c = 0; c < src_.channels; ++c) *dst++ = value(x, y, c);
    }
  }

 private:
  float value(float x, float y, std::int64_t c) const {
    if (sampling_.interpolation == Interpolation::nearest)
      return pixel(nearest_pixel(x), nearest_pixel(y), c);
    const float left = std::floor(x), top = std::floor(y);
    const float right = x - left, below = y - top;
    const float upper = (1 - right) * pixel(left, top, c) + right * pixel(left + 1, top, c);
    const float lower = (1 - right) * pixel(left, top + 1, c) + right * pixel(left + 1, top + 1, c);
    return (1 - below) * upper + below * lower;
  }

  float pixel(float x, float y, std::int64_t c) const {
    if (!(x >= 0 && x < static_cast<float>(src_.size.width) && y >= 0 &&
          y < static_cast<float>(src_.size.height))) {
      return sampling_.fill_value;
    }
    return src_
        .pixels[static_cast<std::int64_t>(y) * src_.row + static_cast<std::int64_t>(x) * src_.channels + c];
  }

  const PhotoView& src_;
  const Sampling& sampling_;
  const PixelAffine& map_;
};

// Coordinates go one way along a row, rounding included: its ends tell of all between.
bool is_inside(const PhotoView& src, const PixelAffine& map, const Block& at) {
  const auto width = static_cast<float>(src.size.width - 1), height = static_cast<float>(src.size.height - 1);
  for (const std::int64_t column : {at.column, at.column + at.count - 1}) {
    const float x = map.x(static_cast<float>(column), at.row), y = map.y(static_cast<float>(column), at.row);
    if (!(x >= 0 && x <= width && y >= 0 && y <= height)) return false;
  }
  return true;
}

// Whether each pixel of dst is one of src, in rows.
bool copies(const PhotoView& src, const PixelAffine& map, std::int64_t width, std::int64_t first,
            std::int64_t last) {
  const auto whole = [](float value) { return std::trunc(value) == value; };
  if (std::abs(map.xx) != 1 || std::abs(map.yy) != 1 || map.xy != 0 || map.yx != 0) return false;
  if (!whole(map.x0) || !whole(map.y0)) return false;
  return is_inside(src, map, {static_cast<float>(first), 0, width}) &&
         is_inside(src, map, {static_cast<float>(last - 1), 0, width});
}

void copy_rows(const PhotoView& src, const PixelAffine& map, std::int64_t width, std::int64_t first,
               std::int64_t last, float* dst) {
  const auto column = static_cast<std::int64_t>(map.x0);
  for (std::int64_t y = first; y < last; ++y) {
    const float* from = src.pixels + static_cast<std::int64_t>(map.y(0, static_cast<float>(y))) * src.row;
    from += column * src.channels;
    float* to = dst + y * width * src.channels;
    if (map.xx > 0) {
      std::copy_n(from, width * src.channels, to);
      continue;
    }
    for (std::int64_t x = 0; x < width; ++x, from -= src.channels) to = std::copy_n(from, src.channels, to);
  }
}

}  // namespace

void warp_rows(const PhotoView& src, const Sampling& sampling, const PixelAffine& map, std::int64_t width,
               std::int64_t first, std::int64_t last, float* dst) {
  if (copies(src, map, width, first, last)) return copy_rows(src, map, width, first, last, dst);
  const Locate locate_inside = choose_locate(FillMode::constant, sampling.interpolation);
  const Locate locate_filled = choose_locate(sampling.fill_mode, sampling.interpolation);
  const auto read = sampling.interpolation == Interpolation::nearest ? read_pixels
                    : src.channels == 3 && has_avx2()                ? read_rgb_pairs_avx2
                                                                     : read_pairs;
  const BorderReader border(src, sampling, map);
  const bool has_pairs = src.size.width >= 2 && src.size.height >= 2;
  Places places;
  for (std::int64_t y = first; y < last; ++y) {
    for (std::int64_t x = 0; x < width; x += block) {
      const Block at{static_cast<float>(y), x, std::min(block, width - x)};
      float* to = dst + (y * width + x) * src.channels;
      const bool inside = is_inside(src, map, at);
      if (!has_pairs || (!inside && sampling.fill_mode == FillMode::constant)) {
        border.read(at, to);
        continue;
      }
      (inside ? locate_inside : locate_filled)(src, map, at, places);
      read(src, places, at.count, to);
    }
  }
}

}  // namespace petal::cpu
