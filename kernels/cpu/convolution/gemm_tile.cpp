#include "kernels/cpu/convolution/gemm_tile.h"

#include <limits>

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

// Where the pixels of a tile are read, `offset` bytes ahead. In assembler, as GCC's own choice of addresses
// and of what to multiply in place costs moves and a tenth of the speed. The memory itself is no operand:
// what was written before this tile is in memory by then.
template <int pixels>
struct PointedRows {
  const float* rows[pixels];
  std::int64_t channel;

  template <int p, int offset>
  PETAL_AVX2_INLINE void broadcast(__m256& value) const {
    asm("vbroadcastss %c3(%1,%2,4), %0" : "=x"(value) : "r"(rows[p]), "r"(channel), "i"(offset));
  }
  PETAL_AVX2_INLINE void advance(std::int64_t channels) { channel += channels; }
};

// Rows at one distance need three registers and no loads of pointers.
struct PitchedRows {
  const float *first, *fourth;
  std::int64_t pitch;  // in bytes

  PitchedRows(const float* src, std::int64_t elements)
      : first(src), fourth(src + 3 * elements), pitch(elements * static_cast<std::int64_t>(sizeof(float))) {}
  template <int p, int offset>
  PETAL_AVX2_INLINE void broadcast(__m256& value) const {
    const float* near = p < 3 ? first : fourth;
    if constexpr (p % 3 == 0) asm("vbroadcastss %c2(%1), %0" : "=x"(value) : "r"(near), "i"(offset));
    if constexpr (p % 3 == 1)
      asm("vbroadcastss %c3(%1,%2), %0" : "=x"(value) : "r"(near), "r"(pitch), "i"(offset));
    if constexpr (p % 3 == 2)
      asm("vbroadcastss %c3(%1,%2,2), %0" : "=x"(value) : "r"(near), "r"(pitch), "i"(offset));
  }
  PETAL_AVX2_INLINE void advance(std::int64_t channels) { first += channels, fourth += channels; }
};

template <int p, int offset, class Rows, int pixels, int vectors>
PETAL_AVX2_INLINE void add_pixels(const Rows& rows, const __m256 (&filters)[vectors],
                                  __m256 (&sums)[pixels][vectors]) {
  if constexpr (p < pixels) {
    __m256 value;
    rows.template broadcast<p, offset>(value);
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      asm("vfmadd231ps %2, %1, %0" : "+x"(sums[p][v]) : "x"(value), "x"(filters[v]));
    }
    add_pixels<p + 1, offset>(rows, filters, sums);
  }
}

// One channel, `ahead` behind the rows' own: the weights are loaded once for all pixels.
template <int ahead, class Rows, int pixels, int vectors>
PETAL_AVX2_INLINE void add_channel(const Rows& rows, const float* weights, __m256 (&sums)[pixels][vectors]) {
  __m256 filters[vectors];
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    filters[v] = _mm256_loadu_ps(weights + (ahead * vectors + v) * lanes);
  }
  add_pixels<0, ahead* static_cast<int>(sizeof(float))>(rows, filters, sums);
}

// Returns the weights behind those of the channels.
template <class Rows, int pixels, int vectors>
PETAL_AVX2_INLINE const float* add_channels(Rows rows, std::int64_t channels, const float* weights,
                                            __m256 (&sums)[pixels][vectors]) {
  constexpr std::int64_t panel = vectors * lanes;
  const float* const fours_end = weights + channels / 4 * 4 * panel;
  const float* const end = weights + channels * panel;
  for (; weights != fours_end; weights += 4 * panel) {
    add_channel<0>(rows, weights, sums);
    add_channel<1>(rows, weights, sums);
    add_channel<2>(rows, weights, sums);
    add_channel<3>(rows, weights, sums);
    rows.advance(4);
  }
  for (; weights != end; weights += panel) {
    add_channel<0>(rows, weights, sums);
    rows.advance(1);
  }
  return weights;
}

constexpr float no_bias[3 * lanes] = {};

// What is added to the sums of a tile, as dst lies; or null.
const float* added_before(const GemmTile& tile) {
  return tile.first ? tile.residual : tile.dst;
}

// The ends of a tile. What they read of it is held in registers: a store through a vector's pointer may alias
// the structure, and what is loaded anew for each tile costs short sums a tenth of their speed. `adds`: as a
// template's argument, as the other case's code costs these sums, which are never added to, half as much.
template <int pixels, int vectors, bool adds>
struct TileEnds {
  const float* bias;
  const float* before;
  float* dst;
  std::int64_t step;
  float least, most;

  explicit TileEnds(const GemmTile& tile)
      : bias(tile.first && tile.bias ? tile.bias : no_bias),
        before(added_before(tile)),
        dst(tile.dst),
        step(tile.dst_step),
        least(tile.last ? tile.least : -std::numeric_limits<float>::infinity()),
        most(tile.last ? tile.most : std::numeric_limits<float>::infinity()) {}

  PETAL_AVX2_INLINE void start(__m256 (&sums)[pixels][vectors]) {
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      const __m256 start = _mm256_loadu_ps(bias + v * lanes);
      PETAL_UNROLL for (int p = 0; p < pixels; ++p) sums[p][v] = start;
    }
    PETAL_UNROLL for (int p = 0; p < pixels && adds; ++p) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        sums[p][v] = _mm256_add_ps(sums[p][v], _mm256_loadu_ps(before + v * lanes));
      }
      before += step;
    }
  }

  // Cuts and stores one vector after the other, which GCC would not: with all the stores behind all that is
  // cut, the next tile waits. In this order of operands a NaN stays one.
  PETAL_AVX2_INLINE void finish(__m256 (&sums)[pixels][vectors]) {
    // Volatile, as the registers are wanted for the sums until here.
    __m256 low, high;
    asm volatile("vbroadcastss %2, %0\n\tvbroadcastss %3, %1"
                 : "=&x"(low), "=x"(high)
                 : "m"(least), "m"(most));
    PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        asm volatile("vmaxps %0, %1, %0\n\tvminps %0, %2, %0\n\tvmovups %0, %c4(%3)"
                     : "+x"(sums[p][v])
                     : "x"(low), "x"(high), "r"(dst), "i"(v * lanes * sizeof(float))
                     : "memory");
      }
      dst += step;
    }
  }
};

template <int pixels, int vectors, bool adds>
__attribute__((target("avx2,fma"))) void run_pointed(const GemmTile& given, std::int64_t count) {
  const GemmTile tile = given;
  TileEnds<pixels, vectors, adds> ends(tile);
  const float* const* rows = tile.src;
  for (; count > 0; --count) {
    __m256 sums[pixels][vectors];
    ends.start(sums);
    const float* weights = tile.weights;
    const float* const* of_tap = rows;
    for (std::int64_t tap = tile.taps; tap > 0; --tap) {
      PointedRows<pixels> src{.rows = {}, .channel = tile.first_channel};
      PETAL_UNROLL for (int p = 0; p < pixels; ++p) src.rows[p] = of_tap[p];
      weights = add_channels(src, tile.channels, weights, sums);
      of_tap += tile.src_step;
    }
    ends.finish(sums);
    rows += pixels;
  }
}

template <int pixels, int vectors, bool adds>
__attribute__((target("avx2,fma"))) void run_pitched(const GemmTile& given, std::int64_t count) {
  const GemmTile tile = given;
  TileEnds<pixels, vectors, adds> ends(tile);
  const float* src = tile.pitched_src + tile.first_channel;
  for (; count > 0; --count) {
    __m256 sums[pixels][vectors];
    ends.start(sums);
    add_channels(PitchedRows(src, tile.src_step), tile.channels, tile.weights, sums);
    ends.finish(sums);
    src += pixels * tile.src_step;
  }
}

using TileFunction = void (*)(const GemmTile& tile, std::int64_t count);

template <int pixels, int vectors>
TileFunction function_of(bool pitched, bool adds) {
  if (pitched) return adds ? run_pitched<pixels, vectors, true> : run_pitched<pixels, vectors, false>;
  return adds ? run_pointed<pixels, vectors, true> : run_pointed<pixels, vectors, false>;
}

template <int vectors>
TileFunction function_of(std::int64_t pixels, bool pitched, bool adds) {
  switch (pixels) {
    case 1:
      return function_of<1, vectors>(pitched, adds);
    case 2:
      return function_of<2, vectors>(pitched, adds);
    case 3:
      return function_of<3, vectors>(pitched, adds);
    case 4:
      return function_of<4, vectors>(pitched, adds);
    case 5:
      return function_of<5, vectors>(pitched, adds);
    default:
      return function_of<6, vectors>(pitched, adds);
  }
}

}  // namespace

void run_gemm_tiles(const GemmTile& tile, std::int64_t pixels, int vectors, std::int64_t count) {
  const bool pitched = tile.src == nullptr, adds = added_before(tile) != nullptr;
  const TileFunction function = vectors == 1   ? function_of<1>(pixels, pitched, adds)
                                : vectors == 2 ? function_of<2>(pixels, pitched, adds)
                                               : function_of<3>(pixels, pitched, adds);
  function(tile, count);
}
#else
void run_gemm_tiles(const GemmTile&, std::int64_t, int, std::int64_t) {}
#endif

}  // namespace petal::cpu
