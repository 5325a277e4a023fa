#include "kernels/cpu/convolution/depthwise_products.h"

#include <array>
#include <utility>

#include "kernels/cpu/vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petal::cpu {
namespace {
#if defined(__x86_64__)

#define PETAL_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

// All lanes of a vector, or the first few.
struct Whole {
  PETAL_AVX2_INLINE __m256 load(const float* from) const { return _mm256_loadu_ps(from); }
  PETAL_AVX2_INLINE void store(float* to, const __m256& vector) const { _mm256_storeu_ps(to, vector); }
};
struct Part {
  __m256i mask;
  PETAL_AVX2_INLINE __m256 load(const float* from) const { return _mm256_maskload_ps(from, mask); }
  PETAL_AVX2_INLINE void store(float* to, const __m256& vector) const {
    _mm256_maskstore_ps(to, mask, vector);
  }
};

// `stride` of 0 is any, for a single tap.
template <int stride, int columns, int taps, class Lanes>
PETAL_AVX2_INLINE void add(const DepthwiseProducts& p, std::int64_t c, const Lanes& some) {
  __m256 gradient[columns], sums[taps];
  PETAL_UNROLL for (int t = 0; t < columns; ++t) gradient[t] = some.load(p.gradient + t * p.step + c);
  PETAL_UNROLL for (int k = 0; k < taps; ++k) sums[k] = some.load(p.to + k * p.step + c);
  if constexpr (stride == 0) {
    PETAL_UNROLL for (int t = 0; t < columns; ++t) {
      sums[0] = _mm256_fmadd_ps(some.load(p.src + t * p.stride * p.step + c), gradient[t], sums[0]);
    }
  } else {
    // Each column of src is loaded once for all the taps that meet it.
    PETAL_UNROLL for (int column = 0; column < (columns - 1) * stride + taps; ++column) {
      const __m256 value = some.load(p.src + column * p.step + c);
      PETAL_UNROLL for (int k = 0; k < taps; ++k) {
        const int t = (column - k) / stride;
        if (column < k || (column - k) % stride != 0 || t >= columns) continue;
        sums[k] = _mm256_fmadd_ps(value, gradient[t], sums[k]);
      }
    }
  }
  PETAL_UNROLL for (int k = 0; k < taps; ++k) some.store(p.to + k * p.step + c, sums[k]);
}

template <int stride, int columns, int taps>
__attribute__((target("avx2,fma"))) void add_products(const DepthwiseProducts& p) {
  std::int64_t c = 0;
  for (; c + lanes <= p.channels; c += lanes) add<stride, columns, taps>(p, c, Whole());
  if (c == p.channels) return;
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const Part part{_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(p.channels - c)), lane)};
  add<stride, columns, taps>(p, c, part);
}
#else
template <int stride, int columns, int taps>
void add_products(const DepthwiseProducts&) {}
#endif

template <int stride, int taps>
DepthwiseProductFunction function(int columns) {
  constexpr std::array<DepthwiseProductFunction, most_product_columns> functions = {
      add_products<stride, 1, taps>, add_products<stride, 2, taps>, add_products<stride, 3, taps>,
      add_products<stride, 4, taps>, add_products<stride, 5, taps>};
  return functions[static_cast<std::size_t>(columns - 1)];
}

}  // namespace

int product_taps(std::int64_t stride) {
  return stride == 1 || stride == 2 ? 3 : 1;
}

DepthwiseProductFunction depthwise_product_function(int columns, int taps, std::int64_t stride) {
  if (taps == 1) return function<0, 1>(columns);
  return stride == 1 ? function<1, 3>(columns) : function<2, 3>(columns);
}

}  // namespace petal::cpu
