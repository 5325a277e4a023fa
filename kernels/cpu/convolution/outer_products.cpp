#include "kernels/cpu/convolution/outer_products.h"

#include "kernels/cpu/vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petal::cpu {
namespace {

constexpr int at_once[] = {0, 9, 6, 4, 3};

#if defined(__x86_64__)
// Unrolled early, so that the sums live in registers: twelve of the sixteen. The side that has fewer vectors
// waits in registers too, the other one comes one by one.

template <int elements, int vectors>
__attribute__((target("avx2,fma"))) void add_with_avx2(const OuterProducts& p) {
  __m256 sums[elements][vectors];
  PETAL_UNROLL for (int e = 0; e < elements; ++e) {
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) sums[e][v] = _mm256_setzero_ps();
  }
  for (std::int64_t run = 0; run < p.runs; ++run) {
    const float* a = p.a[run];
    if (!a) continue;
    const float* b = p.b + run * p.places * p.b_step;
    for (std::int64_t x = 0; x < p.places; ++x, a += p.a_step, b += p.b_step) {
      if constexpr (elements < vectors) {
        __m256 of_a[elements];
        PETAL_UNROLL for (int e = 0; e < elements; ++e) of_a[e] = _mm256_broadcast_ss(a + e);
        PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
          const __m256 of_b = _mm256_loadu_ps(b + v * lanes);
          PETAL_UNROLL for (int e = 0; e < elements; ++e) {
            sums[e][v] = _mm256_fmadd_ps(of_a[e], of_b, sums[e][v]);
          }
        }
      } else {
        __m256 of_b[vectors];
        PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
          of_b[v] = _mm256_loadu_ps(b + v * lanes);
          asm("" : "+x"(of_b[v]));  // or GCC reads it anew from memory for each element
        }
        PETAL_UNROLL for (int e = 0; e < elements; ++e) {
          const __m256 of_a = _mm256_broadcast_ss(a + e);
          PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
            sums[e][v] = _mm256_fmadd_ps(of_a, of_b[v], sums[e][v]);
          }
        }
      }
    }
  }
  PETAL_UNROLL for (int e = 0; e < elements; ++e) {
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      float* to = p.to + e * p.to_step + v * lanes;
      _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), sums[e][v]));
    }
  }
}
#else
template <int elements, int vectors>
void add_with_avx2(const OuterProducts&) {}
#endif

template <int vectors>
OuterProductFunction function(int elements) {
  return elements == 1 ? add_with_avx2<1, vectors> : add_with_avx2<at_once[vectors], vectors>;
}

}  // namespace

int elements_at_once(int vectors) {
  return at_once[vectors];
}

OuterProductFunction outer_product_function(int elements, int vectors) {
  switch (vectors) {
    case 1:
      return function<1>(elements);
    case 2:
      return function<2>(elements);
    case 3:
      return function<3>(elements);
    default:
      return function<4>(elements);
  }
}

}  // namespace petal::cpu
