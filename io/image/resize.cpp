#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/error.h"
#include "io/image/image.h"
#include "io/image/resize.h"

namespace petal {
namespace {

constexpr std::int64_t channels = 3;

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
void blend_rows_avx2(const float*, const float*, float, std::int64_t, float*) {}
#endif

std::string size_text(std::int64_t height, std::int64_t width) {
  return std::to_string(width) + "x" + std::to_string(height);
}

}  // namespace

std::vector<BilinearResizer::Tap> BilinearResizer::taps(std::int64_t source_size, std::int64_t size,
                                                        std::int64_t step) {
  if (source_size < 1 || size < 1)
    throw Error("resize_bilinear", "from a side of " + std::to_string(source_size) + " to one of " +
                                       std::to_string(size) + ", expected at least 1");
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

#if defined(__x86_64__)
// Two pixels at a time, one a half register: both neighbours come in one load, and a byte shuffle widens each
// of them to 32-bit integers. Without fused multiply-add, so that every machine gives the same floats.
// `count` is even.
__attribute__((target("avx2"))) void BilinearResizer::interpolate_avx2(const std::uint8_t* row,
                                                                       const Tap* tap, std::int64_t count,
                                                                       float* out) {
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
#else
void BilinearResizer::interpolate_avx2(const std::uint8_t*, const Tap*, std::int64_t, float*) {}
#endif

BilinearResizer::BilinearResizer(std::int64_t src_height, std::int64_t src_width, std::int64_t height,
                                 std::int64_t width, float* dst)
    : dst_(dst) {
  across_ = taps(src_width, width, channels);
  down_ = taps(src_height, height, 1);
  for (Row& row : rows_) row.values.resize(static_cast<std::size_t>(width * channels + floats_beyond));
  if (!has_avx2()) return;
  // The taps ascend: those too near to the end of the row for wide reads come last.
  const auto is_interior = [&](const Tap& tap) { return tap.lower + bytes_read <= src_width * channels; };
  const auto end = std::partition_point(across_.begin(), across_.end(), is_interior);
  interior_ = static_cast<std::size_t>(end - across_.begin()) / 2 * 2;
}

// Across, then down, in float32 and in TensorFlow's order of operations. Neighbouring output rows often share
// a source row, and many source rows are not needed at all where the output is much smaller.
void BilinearResizer::push(const std::uint8_t* row) {
  const std::int64_t index = pushed_++;
  const auto blend = has_avx2() ? blend_rows_avx2 : blend_rows;
  const auto stride = static_cast<std::int64_t>(across_.size()) * channels;
  for (; written_ < down_.size(); ++written_, dst_ += stride) {
    const Tap& tap = down_[written_];
    if (index < tap.lower) return;
    auto& [before, latest] = rows_;
    if (latest.index != index) {
      std::swap(before, latest);
      interpolate(row, latest.values.data());
      latest.index = index;
    }
    if (index < tap.upper) return;
    const Row& above = tap.lower == index ? latest : before;
    blend(above.values.data(), latest.values.data(), tap.weight, stride, dst_);
  }
}

// `out` has room for `floats_beyond` more than the row.
void BilinearResizer::interpolate(const std::uint8_t* row, float* out) const {
  if (interior_ > 0) interpolate_avx2(row, across_.data(), static_cast<std::int64_t>(interior_), out);
  out += static_cast<std::int64_t>(interior_) * channels;
  for (std::size_t i = interior_; i < across_.size(); ++i, out += channels) {
    const Tap& tap = across_[i];
    for (std::int64_t c = 0; c < channels; ++c) {
      const float lower = row[tap.lower + c];
      const float upper = row[tap.upper + c];
      out[c] = lower + (upper - lower) * tap.weight;
    }
  }
}

void resize_bilinear(const Image& src, std::int64_t height, std::int64_t width, float* dst) {
  BilinearResizer resizer(src.height, src.width, height, width, dst);
  if (src.pixels.size() != static_cast<std::size_t>(src.height * src.width * channels))
    throw Error("resize_bilinear", "the image says " + size_text(src.height, src.width) + " and has " +
                                       std::to_string(src.pixels.size()) + " bytes, expected three a pixel");
  for (std::int64_t y = 0; y < src.height; ++y) resizer.push(src.pixels.data() + y * src.width * channels);
}

}  // namespace petal
