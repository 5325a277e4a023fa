#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/error.h"
#include "io/image/image.h"

namespace petal {
namespace {

constexpr std::int64_t channels = 3;

// Between which two places of the source an output position lies, as offsets into it, and how far from the
// lower one. `upper` is a step after `lower`, or `lower` itself: there `weight` is zero, or the source ends.
struct Tap {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  float weight = 0;
};

std::vector<Tap> taps(std::int64_t source_size, std::int64_t size, std::int64_t step) {
  const float scale = static_cast<float>(source_size) / static_cast<float>(size);
  std::vector<Tap> result(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    const float at = std::max((static_cast<float>(i) + 0.5f) * scale - 0.5f, 0.0f);
    const float floor = std::floor(at);
    const std::int64_t lower = std::min(static_cast<std::int64_t>(floor), source_size - 1);
    const std::int64_t upper = std::min(static_cast<std::int64_t>(std::ceil(at)), source_size - 1);
    result[static_cast<std::size_t>(i)] = {
        .lower = lower * step, .upper = upper * step, .weight = at - floor};
  }
  return result;
}

void blend_rows(const float* above, const float* below, float weight, std::int64_t size, float* out) {
  for (std::int64_t i = 0; i < size; ++i) out[i] = above[i] + (below[i] - above[i]) * weight;
}

#if defined(__x86_64__)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0;
}

// How many bytes at a tap interpolate_avx2 reads, and how many floats beyond its last pixel it writes.
constexpr std::int64_t bytes_read = 16;
constexpr std::int64_t floats_beyond = 2;

// Two pixels at a time, one a half register: both neighbours come in one load, and a byte shuffle widens each
// of them to 32-bit integers. Without fused multiply-add, so that every machine gives the same floats.
// `count` is even.
__attribute__((target("avx2"))) void interpolate_avx2(const std::uint8_t* row, const Tap* tap,
                                                      std::int64_t count, float* out) {
  const __m256i lower_bytes =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1));
  const __m256i upper_bytes =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1));
  const __m256i packed = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  for (const Tap* const end = tap + count; tap != end; tap += 2, out += 2 * channels) {
    const __m256i bytes = _mm256_loadu2_m128i(reinterpret_cast<const __m128i*>(row + tap[1].lower),
                                              reinterpret_cast<const __m128i*>(row + tap[0].lower));
    const __m256 lower = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, lower_bytes));
    const __m256 upper = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, upper_bytes));
    const __m256 weight =
        _mm256_blend_ps(_mm256_broadcast_ss(&tap[0].weight), _mm256_broadcast_ss(&tap[1].weight), 0xF0);
    const __m256 between = _mm256_add_ps(lower, _mm256_mul_ps(_mm256_sub_ps(upper, lower), weight));
    _mm256_storeu_ps(out, _mm256_permutevar8x32_ps(between, packed));
  }
}

__attribute__((target("avx2"))) void blend_rows_avx2(const float* above, const float* below, float weight,
                                                     std::int64_t size, float* out) {
  const __m256 weights = _mm256_set1_ps(weight);
  std::int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const __m256 a = _mm256_loadu_ps(above + i);
    const __m256 b = _mm256_loadu_ps(below + i);
    _mm256_storeu_ps(out + i, _mm256_add_ps(a, _mm256_mul_ps(_mm256_sub_ps(b, a), weights)));
  }
  blend_rows(above + i, below + i, weight, size - i, out + i);
}
#else
bool has_avx2() {
  return false;
}
constexpr std::int64_t bytes_read = 0;
constexpr std::int64_t floats_beyond = 0;
void interpolate_avx2(const std::uint8_t*, const Tap*, std::int64_t, float*) {}
void blend_rows_avx2(const float*, const float*, float, std::int64_t, float*) {}
#endif

// One row to another width.
class Columns {
 public:
  Columns(std::int64_t source_width, std::int64_t width) : taps_(taps(source_width, width, channels)) {
    // The taps ascend: those too near to the end of the row for wide reads come last.
    const auto is_interior = [&](const Tap& tap) {
      return tap.lower + bytes_read <= source_width * channels;
    };
    if (has_avx2())
      interior_ = (std::partition_point(taps_.begin(), taps_.end(), is_interior) - taps_.begin()) / 2 * 2;
  }

  // `out` has room for `floats_beyond` more than the row.
  void interpolate(const std::uint8_t* row, float* out) const {
    if (interior_ > 0) interpolate_avx2(row, taps_.data(), interior_, out);
    out += interior_ * channels;
    for (auto tap = taps_.begin() + interior_; tap != taps_.end(); ++tap, out += channels) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float lower = row[tap->lower + c];
        const float upper = row[tap->upper + c];
        out[c] = lower + (upper - lower) * tap->weight;
      }
    }
  }

 private:
  std::vector<Tap> taps_;
  std::ptrdiff_t interior_ = 0;
};

// The two source rows last interpolated: neighbouring output rows often share one.
class InterpolatedRows {
 public:
  InterpolatedRows(const Image& image, std::int64_t width) : image_(image), columns_(image.width, width) {
    for (Row& row : rows_) row.values.resize(static_cast<std::size_t>(width * channels + floats_beyond));
  }

  // The rows `lower` and `upper`, which is `lower` itself or the next.
  std::pair<const float*, const float*> get(std::int64_t lower, std::int64_t upper) {
    if (rows_[1].index == lower) std::swap(rows_[0], rows_[1]);
    const float* first = fill(rows_[0], lower);
    return {first, upper == lower ? first : fill(rows_[1], upper)};
  }

 private:
  struct Row {
    std::int64_t index = -1;
    std::vector<float> values;
  };

  const float* fill(Row& row, std::int64_t index) {
    if (row.index != index) {
      columns_.interpolate(image_.pixels.data() + index * image_.width * channels, row.values.data());
      row.index = index;
    }
    return row.values.data();
  }

  const Image& image_;
  Columns columns_;
  std::array<Row, 2> rows_;
};

void check(const Image& src, std::int64_t height, std::int64_t width) {
  const auto size = [](std::int64_t h, std::int64_t w) {
    return std::to_string(w) + "x" + std::to_string(h);
  };
  if (src.height < 1 || src.width < 1 ||
      src.pixels.size() != static_cast<std::size_t>(src.height * src.width * channels))
    throw Error("resize_bilinear", "the image says " + size(src.height, src.width) + " and has " +
                                       std::to_string(src.pixels.size()) +
                                       " bytes, expected three a pixel and at least one pixel");
  if (height < 1 || width < 1)
    throw Error("resize_bilinear", "to " + size(height, width) + ", expected sides of at least 1");
}

}  // namespace

// Across, then down, in float32 and in TensorFlow's order of operations.
void resize_bilinear(const Image& src, std::int64_t height, std::int64_t width, float* dst) {
  check(src, height, width);
  InterpolatedRows rows(src, width);
  const std::int64_t stride = width * channels;
  const auto blend = has_avx2() ? blend_rows_avx2 : blend_rows;
  for (const Tap& tap : taps(src.height, height, 1)) {
    const auto [above, below] = rows.get(tap.lower, tap.upper);
    blend(above, below, tap.weight, stride, dst);
    dst += stride;
  }
}

}  // namespace petal
