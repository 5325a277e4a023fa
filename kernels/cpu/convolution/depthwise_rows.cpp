#include "kernels/cpu/convolution/depthwise_rows.h"

#include <algorithm>

#include "kernels/cpu/vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petal::cpu {

#if defined(__x86_64__)
namespace {

// One row of dst.
struct Row {
  const float* src[3];  // under the window; rows in the padding are left out
  int rows;
  const float* weights;  // (rows, 3, channels), of these rows
  float* dst;
};

// Four columns of dst and two vectors of channels are eight sums; with a row's six weights and the two
// vectors of src under way they fill the sixteen registers. Each number of src is loaded once for all the
// columns that it goes into.
constexpr int tile = 4;

template <int vectors>
PETAL_AVX2_INLINE void cut(const DepthwiseRows& r, const __m256 (&sums)[vectors], float* dst) {
  const __m256 least = _mm256_set1_ps(r.least), most = _mm256_set1_ps(r.most);
  // In this order a NaN stays one.
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    _mm256_storeu_ps(dst + v * lanes, _mm256_min_ps(most, _mm256_max_ps(least, sums[v])));
  }
}

template <int columns, int vectors>
PETAL_AVX2_INLINE void start(const DepthwiseRows& r, std::int64_t c, __m256 (&sums)[columns][vectors]) {
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    const __m256 bias = r.bias ? _mm256_loadu_ps(r.bias + c + v * lanes) : _mm256_setzero_ps();
    PETAL_UNROLL for (int t = 0; t < columns; ++t) sums[t][v] = bias;
  }
}

// Columns [x, x + columns) of dst, whose windows lie inside src.
template <int stride, int columns, int vectors>
PETAL_AVX2_INLINE void inner(const DepthwiseRows& r, const Row& row, std::int64_t x, std::int64_t c) {
  __m256 sums[columns][vectors];
  start(r, c, sums);
  const std::int64_t first = (x * stride - r.left) * r.channels + c;
  for (int y = 0; y < row.rows; ++y) {
    const float* src = row.src[y] + first;
    __m256 weights[3][vectors];
    PETAL_UNROLL for (int k = 0; k < 3; ++k) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        weights[k][v] = _mm256_loadu_ps(row.weights + (y * 3 + k) * r.channels + c + v * lanes);
      }
    }
    PETAL_UNROLL for (int column = 0; column < (columns - 1) * stride + 3; ++column) {
      __m256 values[vectors];
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        values[v] = _mm256_loadu_ps(src + column * r.channels + v * lanes);
      }
      PETAL_UNROLL for (int k = 0; k < 3; ++k) {
        const int t = (column - k) / stride;
        if (column < k || (column - k) % stride != 0 || t >= columns) continue;
        PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
          sums[t][v] = _mm256_fmadd_ps(values[v], weights[k][v], sums[t][v]);
        }
      }
    }
  }
  PETAL_UNROLL for (int t = 0; t < columns; ++t) cut(r, sums[t], row.dst + (x + t) * r.channels + c);
}

// One column of dst whose window may lie in the padding.
template <int vectors>
PETAL_AVX2_INLINE void edge(const DepthwiseRows& r, const Row& row, std::int64_t x, std::int64_t c) {
  __m256 sums[1][vectors];
  start(r, c, sums);
  const std::int64_t first = x * r.stride - r.left;
  for (int y = 0; y < row.rows; ++y) {
    for (std::int64_t k = std::max<std::int64_t>(0, -first);
         k < std::min<std::int64_t>(3, r.src_columns - first); ++k) {
      const float* src = row.src[y] + (first + k) * r.channels + c;
      const float* weights = row.weights + (y * 3 + k) * r.channels + c;
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        sums[0][v] = _mm256_fmadd_ps(_mm256_loadu_ps(src + v * lanes), _mm256_loadu_ps(weights + v * lanes),
                                     sums[0][v]);
      }
    }
  }
  cut(r, sums[0], row.dst + x * r.channels + c);
}

template <int stride, int vectors>
PETAL_AVX2_INLINE void run_row(const DepthwiseRows& r, const Row& row, std::int64_t c) {
  // dst's columns whose windows lie inside src: [begin, end).
  const std::int64_t begin = std::min(r.columns, (r.left + stride - 1) / stride);
  const std::int64_t fitting = r.src_columns + r.left < 3 ? 0 : (r.src_columns + r.left - 3) / stride + 1;
  const std::int64_t end = std::max(begin, std::min(r.columns, fitting));
  for (std::int64_t x = 0; x < begin; ++x) edge<vectors>(r, row, x, c);
  std::int64_t x = begin;
  for (; x + tile <= end; x += tile) inner<stride, tile, vectors>(r, row, x, c);
  if (x + 2 <= end) {
    inner<stride, 2, vectors>(r, row, x, c);
    x += 2;
  }
  if (x < end) inner<stride, 1, vectors>(r, row, x++, c);
  for (; x < r.columns; ++x) edge<vectors>(r, row, x, c);
}

template <int stride, int vectors>
PETAL_AVX2_INLINE void run_channels(const DepthwiseRows& r, std::int64_t c) {
  for (std::int64_t y = r.begin; y < r.end; ++y) {
    const std::int64_t first = y * r.row_stride - r.top;
    const std::int64_t begin = std::max<std::int64_t>(0, -first);
    Row row{.src = {},
            .rows = 0,
            .weights = r.weights + begin * 3 * r.channels,
            .dst = r.dst + (y - r.begin) * r.columns * r.channels};
    for (std::int64_t k = begin; k < std::min<std::int64_t>(3, r.src_rows - first); ++k)
      row.src[row.rows++] = r.src + (first + k - r.src_first) % r.src_held * r.src_columns * r.channels;
    run_row<stride, vectors>(r, row, c);
  }
}

template <int stride>
__attribute__((target("avx2,fma"))) void run(const DepthwiseRows& r) {
  std::int64_t c = 0;
  for (; c + 2 * lanes <= r.channels; c += 2 * lanes) run_channels<stride, 2>(r, c);
  if (c < r.channels) run_channels<stride, 1>(r, c);
}

}  // namespace

void run_depthwise_rows(const DepthwiseRows& rows) {
  rows.stride == 1 ? run<1>(rows) : run<2>(rows);
}
#else
void run_depthwise_rows(const DepthwiseRows&) {}
#endif

}  // namespace petal::cpu
