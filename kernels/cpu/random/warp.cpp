#include "kernels/cpu/random/warp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>

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

// One pixel: of `channels` where that is positive and so known to the compiler, else of `count`.
template <std::int64_t channels>
void copy_pixel(const float* from, std::int64_t count, float* to) {
  if constexpr (channels > 0) {
    std::memcpy(to, from, channels * sizeof(float));
  } else {
    for (std::int64_t c = 0; c < count; ++c) to[c] = from[c];
  }
}

template <std::int64_t channels>
void read_pixels(const PhotoView& src, const Places& places, std::int64_t count, float* dst) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k, dst += src.channels) {
    copy_pixel<channels>(src.pixels + places.offset[k], src.channels, dst);
  }
}

template <std::int64_t channels>
void copy_mirrored(const PhotoView& src, const float* last, std::int64_t width, float* dst) {
  for (std::int64_t x = 0; x < width; ++x, dst += src.channels) {
    copy_pixel<channels>(last - x * src.channels, src.channels, dst);
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
      if (is_far(x, src_.size.width) || is_far(y, src_.size.height)) {
        dst = std::fill_n(dst, src_.channels, sampling_.fill_value);
        continue;
      }
      for (std::int64_t c = 0; c < src_.channels; ++c) *dst++ = value(x, y, c);
    }
  }

 private:
  // No neighbour is a pixel.
  static bool is_far(float at, std::int64_t size) { return at <= -1 || at >= static_cast<float>(size); }

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

struct Span {
  std::int64_t begin, end;
};

// The columns of a row that are read within the photo. Either coordinate grows or falls along the row,
// rounding included, so each column's conditions hold from some column on or up to one.
Span inside(const PhotoView& src, const PixelAffine& map, std::int64_t row, std::int64_t width) {
  const auto y = static_cast<float>(row);
  Span span{0, width};
  const auto cut = [&](float slope, float last, auto coordinate) {
    const auto columns = std::views::iota(std::int64_t{0}, width);
    const auto first_not = [&](auto holds) {
      const auto found = std::ranges::partition_point(
          columns, [&](std::int64_t column) { return holds(coordinate(static_cast<float>(column))); });
      return static_cast<std::int64_t>(found - columns.begin());
    };
    const bool grows = slope >= 0;
    const std::int64_t begin = first_not([&](float at) { return grows ? at < 0 : at > last; });
    const std::int64_t end = first_not([&](float at) { return grows ? at <= last : at >= 0; });
    span = {std::max(span.begin, begin), std::min(span.end, end)};
  };
  cut(map.xx, static_cast<float>(src.size.width - 1), [&](float x) { return map.x(x, y); });
  cut(map.yx, static_cast<float>(src.size.height - 1), [&](float x) { return map.y(x, y); });
  return {span.begin, std::max(span.begin, span.end)};
}

// Whether each pixel of dst is one of src, in rows.
bool copies(const PhotoView& src, const PixelAffine& map, std::int64_t width, std::int64_t first,
            std::int64_t last) {
  const auto whole = [](float value) { return std::trunc(value) == value; };
  if (std::abs(map.xx) != 1 || std::abs(map.yy) != 1 || map.xy != 0 || map.yx != 0) return false;
  if (!whole(map.x0) || !whole(map.y0)) return false;
  const auto all_inside = [&](std::int64_t row) {
    const Span span = inside(src, map, row, width);
    return span.begin == 0 && span.end == width;
  };
  return all_inside(first) && all_inside(last - 1);
}

void copy_rows(const PhotoView& src, const PixelAffine& map, std::int64_t width, std::int64_t first,
               std::int64_t last, float* dst) {
  const auto column = static_cast<std::int64_t>(map.x0);
  const auto mirror = src.channels == 3 ? copy_mirrored<3> : copy_mirrored<0>;
  for (std::int64_t y = first; y < last; ++y) {
    const auto row = static_cast<std::int64_t>(map.y(0, static_cast<float>(y)));
    const float* from = src.pixels + row * src.row + column * src.channels;
    float* to = dst + y * width * src.channels;
    if (map.xx > 0) {
      std::copy_n(from, width * src.channels, to);
    } else {
      mirror(src, from, width, to);
    }
  }
}

// Asks for the part of src that the rows are read from, in order of memory: a turned row takes from each of
// many lines a little, which no hardware foresees.
[[gnu::always_inline]] inline void prefetch(const PhotoView& src, const PixelAffine& map, std::int64_t width,
                                            std::int64_t first, std::int64_t last) {
  const auto right = static_cast<float>(width - 1), top = static_cast<float>(first),
             bottom = static_cast<float>(last - 1);
  const auto range = [](std::array<float, 4> corners, std::int64_t size) {
    const auto [least, most] = std::ranges::minmax(corners);
    const auto end = static_cast<float>(size - 1);
    return std::pair(static_cast<std::int64_t>(std::clamp(least, 0.0f, end)),
                     static_cast<std::int64_t>(std::clamp(most + 1, 0.0f, end)) + 1);
  };
  const auto [x, x_end] =
      range({map.x(0, top), map.x(right, top), map.x(0, bottom), map.x(right, bottom)}, src.size.width);
  const auto [y, y_end] =
      range({map.y(0, top), map.y(right, top), map.y(0, bottom), map.y(right, bottom)}, src.size.height);
  constexpr std::int64_t line = 16;  // floats
  for (std::int64_t row = y; row < y_end; ++row) {
    const float* from = src.pixels + row * src.row;
    for (std::int64_t i = x * src.channels; i < x_end * src.channels; i += line) __builtin_prefetch(from + i);
  }
}

using Read = void (*)(const PhotoView&, const Places&, std::int64_t count, float* dst);

Read choose_read(const PhotoView& src, Interpolation interpolation) {
  const bool rgb = src.channels == 3;
  if (interpolation == Interpolation::nearest) return rgb ? read_pixels<3> : read_pixels<0>;
  return rgb && has_avx2() ? read_rgb_pairs_avx2 : read_pairs;
}

}  // namespace

void warp_rows(const PhotoView& src, const Sampling& sampling, const PixelAffine& map, std::int64_t width,
               std::int64_t first, std::int64_t last, float* dst) {
  if (copies(src, map, width, first, last)) return copy_rows(src, map, width, first, last, dst);
  prefetch(src, map, width, first, last);
  const Locate locate_inside = choose_locate(FillMode::constant, sampling.interpolation);
  const Locate locate_filled = choose_locate(sampling.fill_mode, sampling.interpolation);
  const Read read = choose_read(src, sampling.interpolation);
  const BorderReader border(src, sampling, map);
  const bool has_pairs = src.size.width >= 2 && src.size.height >= 2;
  const bool by_pixel = !has_pairs || sampling.fill_mode == FillMode::constant;
  Places places;
  for (std::int64_t y = first; y < last; ++y) {
    const Span within = inside(src, map, y, width);
    const auto walk = [&](std::int64_t begin, std::int64_t end, bool pixels_alone, Locate locate) {
      for (std::int64_t x = begin; x < end; x += block) {
        const Block at{static_cast<float>(y), x, std::min(block, end - x)};
        float* to = dst + (y * width + x) * src.channels;
        if (pixels_alone) {
          border.read(at, to);
        } else {
          locate(src, map, at, places);
          read(src, places, at.count, to);
        }
      }
    };
    walk(0, within.begin, by_pixel, locate_filled);
    walk(within.begin, within.end, !has_pairs, locate_inside);
    walk(within.end, width, by_pixel, locate_filled);
  }
}

}  // namespace petal::cpu
