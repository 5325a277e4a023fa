#include "kernels/cpu/convolution/gemm_tile.h"

#include "kernels/cpu/vectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace petal::cpu {

std::int64_t gemm_tile_pixels(int vectors) {
  return vectors == 3 ? 4 : 6;
}

#if defined(__x86_64__)
namespace {

template <int pixels, int vectors>
PETAL_AVX2_INLINE void start(const GemmTile& tile, const float* before, __m256 (&sums)[pixels][vectors]) {
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    const __m256 bias =
        tile.first && tile.bias ? _mm256_loadu_ps(tile.bias + v * lanes) : _mm256_setzero_ps();
    PETAL_UNROLL for (int p = 0; p < pixels; ++p) sums[p][v] = bias;
  }
  if (!before) return;
  PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      sums[p][v] = _mm256_add_ps(sums[p][v], _mm256_loadu_ps(before + p * tile.dst_step + v * lanes));
    }
  }
}

// One channel, `ahead` behind `channel`: the weights are loaded once for all pixels. In assembler, as GCC's
// own choice of addresses and of what to multiply in place costs moves and a tenth of the speed.
template <int ahead, int pixels, int vectors>
PETAL_AVX2_INLINE void add_channel(const float* const (&src)[pixels], std::int64_t channel,
                                   const float* weights, __m256 (&sums)[pixels][vectors]) {
  __m256 filters[vectors];
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    filters[v] = _mm256_loadu_ps(weights + (ahead * vectors + v) * lanes);
  }
  PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
    __m256 value;
    // The memory itself is no operand: what was written before this tile is in memory by then.
    asm("vbroadcastss %c3(%1,%2,4), %0"
        : "=x"(value)
        : "r"(src[p]), "r"(channel), "i"(ahead * sizeof(float)));
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      asm("vfmadd231ps %2, %1, %0" : "+x"(sums[p][v]) : "x"(value), "x"(filters[v]));
    }
  }
}

template <int pixels, int vectors>
PETAL_AVX2_INLINE void cut(const GemmTile& tile, __m256 (&sums)[pixels][vectors]) {
  const __m256 least = _mm256_broadcast_ss(&tile.least), most = _mm256_broadcast_ss(&tile.most);
  PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
    // In this order a NaN stays one.
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      sums[p][v] = _mm256_min_ps(most, _mm256_max_ps(least, sums[p][v]));
    }
  }
}

template <int pixels, int vectors>
__attribute__((target("avx2,fma"))) void run(const GemmTile& tile, std::int64_t count) {
  constexpr std::int64_t panel = vectors * lanes;
  const float* const* rows = tile.src;
  const float* before = tile.first ? tile.residual : tile.dst;
  float* dst = tile.dst;
  for (; count > 0; --count) {
    __m256 sums[pixels][vectors];
    start(tile, before, sums);
    const float* weights = tile.weights;
    for (std::int64_t tap = 0; tap < tile.taps; ++tap) {
      const float* src[pixels];
      PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
        src[p] = rows[tap * tile.src_step + p] + tile.first_channel;
      }
      std::int64_t c = 0;
      for (; c + 4 <= tile.channels; c += 4) {
        add_channel<0>(src, c, weights, sums);
        add_channel<1>(src, c, weights, sums);
        add_channel<2>(src, c, weights, sums);
        add_channel<3>(src, c, weights, sums);
        weights += 4 * panel;
      }
      for (; c < tile.channels; ++c) {
        add_channel<0>(src, c, weights, sums);
        weights += panel;
      }
    }
    if (tile.last) cut(tile, sums);
    PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        _mm256_storeu_ps(dst + p * tile.dst_step + v * lanes, sums[p][v]);
      }
    }
    rows += pixels;
    dst += pixels * tile.dst_step;
    if (before) before += pixels * tile.dst_step;
  }
}

template <int vectors>
GemmTileFunction function_of(std::int64_t pixels) {
  constexpr GemmTileFunction functions[] = {run<1, vectors>, run<2, vectors>, run<3, vectors>,
                                            run<4, vectors>, run<5, vectors>, run<6, vectors>};
  return functions[pixels - 1];
}

}  // namespace

GemmTileFunction gemm_tile_function(std::int64_t pixels, int vectors) {
  if (vectors == 1) return function_of<1>(pixels);
  return vectors == 2 ? function_of<2>(pixels) : function_of<3>(pixels);
}
#else
GemmTileFunction gemm_tile_function(std::int64_t, int) {
  return nullptr;
}
#endif

}  // namespace petal::cpu
