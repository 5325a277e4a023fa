#include "kernels/cpu/random/random_bits.h"

#include <algorithm>

#include "kernels/cpu/vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petal::cpu {
namespace {

void draw(const RandomStream& random, std::uint32_t first_block, std::uint32_t* bits) {
  for (std::uint32_t i = 0; i < random_blocks_at_once; ++i) {
    const auto block = random.block(first_block + i);
    std::copy(block.begin(), block.end(), bits + 4 * i);
  }
}

#if defined(__x86_64__)
// philox() of engine/random.h for sixteen blocks side by side. Each 64-bit lane has a word in its lower half,
// and in its upper half what nothing looks at, so that products need no shuffling.
__attribute__((target("avx2"))) void draw_with_avx2(const RandomStream& random, std::uint32_t first_block,
                                                    std::uint32_t* bits) {
  constexpr int vectors = random_blocks_at_once / 4;
  __m256i a[vectors], b[vectors], c[vectors], d[vectors];
  for (int v = 0; v < vectors; ++v) {
    a[v] = _mm256_add_epi64(_mm256_set1_epi64x(first_block + 4 * static_cast<std::uint32_t>(v)),
                            _mm256_set_epi64x(3, 2, 1, 0));
    b[v] = _mm256_set1_epi64x(random.counter()[1]);
    c[v] = _mm256_set1_epi64x(random.counter()[2]);
    d[v] = _mm256_set1_epi64x(random.counter()[3]);
  }
  const __m256i factor0 = _mm256_set1_epi64x(philox_factor0), factor1 = _mm256_set1_epi64x(philox_factor1);
  std::uint32_t key0 = random.key()[0], key1 = random.key()[1];
  for (int round = 0; round < philox_rounds; ++round) {
    for (int v = 0; v < vectors; ++v) {
      const __m256i product0 = _mm256_mul_epu32(a[v], factor0), product1 = _mm256_mul_epu32(c[v], factor1);
      a[v] =
          _mm256_xor_si256(_mm256_srli_epi64(product1, 32), _mm256_xor_si256(b[v], _mm256_set1_epi64x(key0)));
      b[v] = product1;
      c[v] =
          _mm256_xor_si256(_mm256_srli_epi64(product0, 32), _mm256_xor_si256(d[v], _mm256_set1_epi64x(key1)));
      d[v] = product0;
    }
    key0 += philox_key_step0;
    key1 += philox_key_step1;
  }
  for (int v = 0; v < vectors; ++v) {
    // Words a and b of a block beside each other, c and d too, then the four of them.
    const __m256i ab = _mm256_blend_epi32(a[v], _mm256_slli_epi64(b[v], 32), 0b10101010);
    const __m256i cd = _mm256_blend_epi32(c[v], _mm256_slli_epi64(d[v], 32), 0b10101010);
    const __m256i even = _mm256_unpacklo_epi64(ab, cd), odd = _mm256_unpackhi_epi64(ab, cd);
    auto* to = reinterpret_cast<__m256i*>(bits + 16 * v);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  }
}
#else
constexpr auto draw_with_avx2 = draw;
#endif

}  // namespace

void draw_bits(const RandomStream& random, std::uint32_t first_block, std::uint32_t* bits) {
  static const auto draw_them = has_avx2() ? draw_with_avx2 : draw;
  draw_them(random, first_block, bits);
}

}  // namespace petal::cpu
