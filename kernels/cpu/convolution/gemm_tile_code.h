#pragma once

#include <array>
#include <limits>
#include <utility>

#include "kernels/cpu/convolution/gemm_tile.h"
#include "kernels/cpu/vectors.h"

// The code of run_gemm_tiles, for vectors of either width, each compiled in a file of its own.
namespace petal::cpu {

// What there is a function for.
struct GemmTileForm {
  std::int64_t pixels;
  int vectors;
  bool pitched;  // no pointers to the rows
  bool adds;     // to the residual, or to what dst holds
};
using GemmTileFunction = void (*)(const GemmTile& tile, std::int64_t count);
GemmTileFunction gemm_tile_in_avx2(const GemmTileForm& form);
GemmTileFunction gemm_tile_in_avx512(const GemmTileForm& form);

// AVX2 has sixteen registers, AVX-512 thirty-two: all but a few hold sums.
template <class Code>
constexpr int most_pixels(int vectors) {
  return (vectors == 3 ? 4 : 6) * static_cast<int>(lanes_of<typename Code::Vector> / lanes);
}

// What is added to the sums of a tile, as dst lies; or null.
inline const float* added_before(const GemmTile& tile) {
  return tile.first ? tile.residual : tile.dst;
}

#if defined(__x86_64__)

// Where the pixels of a tile are read, `offset` bytes ahead. In assembler, as GCC's own choice of addresses
// and of what to multiply in place costs moves and a tenth of the speed. The memory itself is no operand:
// what was written before this tile is in memory by then.
template <int pixels>
struct PointedRows {
  const float* rows[pixels];
  std::int64_t channel;

  template <int p, int offset, class Vector>
  PETAL_INLINE void broadcast(Vector& value) const {
    asm("vbroadcastss %c3(%1,%2,4), %0" : "=v"(value) : "r"(rows[p]), "r"(channel), "i"(offset));
  }
  PETAL_INLINE void advance(std::int64_t channels) { channel += channels; }
};

// Rows at one distance need a register for three of them and no loads of pointers.
template <int pixels>
struct PitchedRows {
  const float* thirds[(pixels + 2) / 3];
  std::int64_t pitch;  // in bytes

  PETAL_INLINE PitchedRows(const float* src, std::int64_t elements)
      : pitch(elements * static_cast<std::int64_t>(sizeof(float))) {
    PETAL_UNROLL for (const float*& third : thirds) third = src, src += 3 * elements;
  }
  template <int p, int offset, class Vector>
  PETAL_INLINE void broadcast(Vector& value) const {
    const float* near = thirds[p / 3];
    if constexpr (p % 3 == 0) asm("vbroadcastss %c2(%1), %0" : "=v"(value) : "r"(near), "i"(offset));
    if constexpr (p % 3 == 1)
      asm("vbroadcastss %c3(%1,%2), %0" : "=v"(value) : "r"(near), "r"(pitch), "i"(offset));
    if constexpr (p % 3 == 2)
      asm("vbroadcastss %c3(%1,%2,2), %0" : "=v"(value) : "r"(near), "r"(pitch), "i"(offset));
  }
  PETAL_INLINE void advance(std::int64_t channels) {
    PETAL_UNROLL for (const float*& third : thirds) third += channels;
  }
};

template <int p, int offset, class Rows, class Vector, int pixels, int vectors>
PETAL_INLINE void add_pixels(const Rows& rows, const Vector (&filters)[vectors],
                             Vector (&sums)[pixels][vectors]) {
  if constexpr (p < pixels) {
    Vector value;
    rows.template broadcast<p, offset>(value);
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      asm("vfmadd231ps %2, %1, %0" : "+v"(sums[p][v]) : "v"(value), "v"(filters[v]));
    }
    add_pixels<p + 1, offset>(rows, filters, sums);
  }
}

// One channel, `ahead` behind the rows' own: the weights are loaded once for all pixels. Those that lie
// `next` bytes behind, the next panel's, come to the second cache meanwhile: of few pixels a panel takes no
// longer than its weights' way from memory.
template <int ahead, class Rows, class Vector, int pixels, int vectors>
PETAL_INLINE void add_channel(const Rows& rows, std::int64_t next, const float* weights,
                              Vector (&sums)[pixels][vectors]) {
  Vector filters[vectors];
  PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
    load_whole(weights + (ahead * vectors + v) * lanes_of<Vector>, filters[v]);
  }
  constexpr int bytes = vectors * sizeof(Vector), line = 64;
  PETAL_UNROLL for (int at = 0; at < bytes; at += line) {
    asm volatile("prefetcht1 %c2(%0,%1)" : : "r"(weights), "r"(next), "i"(ahead * bytes + at));
  }
  add_pixels<0, ahead* static_cast<int>(sizeof(float))>(rows, filters, sums);
}

// `next`: see add_channel. Returns the weights behind those of the channels.
template <class Rows, class Vector, int pixels, int vectors>
PETAL_INLINE const float* add_channels(Rows rows, std::int64_t next, std::int64_t channels,
                                       const float* weights, Vector (&sums)[pixels][vectors]) {
  constexpr std::int64_t panel = vectors * lanes_of<Vector>;
  const float* const fours_end = weights + channels / 4 * 4 * panel;
  const float* const end = weights + channels * panel;
  for (; weights != fours_end; weights += 4 * panel) {
    add_channel<0>(rows, next, weights, sums);
    add_channel<1>(rows, next, weights, sums);
    add_channel<2>(rows, next, weights, sums);
    add_channel<3>(rows, next, weights, sums);
    rows.advance(4);
  }
  for (; weights != end; weights += panel) {
    add_channel<0>(rows, next, weights, sums);
    rows.advance(1);
  }
  return weights;
}

// A vector of a tile's end. finish() cuts and stores, in one piece: see TileEnds::finish.
template <class Vector>
struct WholeVector {
  PETAL_INLINE void load(const float* from, Vector& vector) const { load_whole(from, vector); }
  template <int offset>
  PETAL_INLINE void finish(Vector& sum, const Vector& low, const Vector& high, float* dst) const {
    asm volatile("vmaxps %0, %1, %0\n\tvminps %0, %2, %0\n\tvmovups %0, %c4(%3)"
                 : "+v"(sum)
                 : "v"(low), "v"(high), "r"(dst), "i"(offset)
                 : "memory");
  }
};

// The last one of a panel, of which so many lanes are filters: with AVX2 all.
template <class Vector>
struct LastVector : WholeVector<Vector> {
  explicit LastVector(std::int64_t) {}
};
template <>
struct LastVector<WideFloats> {
  std::uint16_t mask;

  explicit LastVector(std::int64_t filters) : mask(static_cast<std::uint16_t>((1u << filters) - 1)) {}
  PETAL_INLINE void load(const float* from, WideFloats& vector) const {
    using InMemory = float __attribute__((vector_size(64), aligned(4), may_alias));
    asm("vmovups %1, %0%{%2%}%{z%}"
        : "=v"(vector)
        : "m"(*reinterpret_cast<const InMemory*>(from)), "Yk"(mask));
  }
  template <int offset>
  PETAL_INLINE void finish(WideFloats& sum, const WideFloats& low, const WideFloats& high, float* dst) const {
    asm volatile("vmaxps %0, %1, %0\n\tvminps %0, %2, %0\n\tvmovups %0, %c4(%3)%{%5%}"
                 : "+v"(sum)
                 : "v"(low), "v"(high), "r"(dst), "i"(offset), "Yk"(mask)
                 : "memory");
  }
};

inline constexpr float no_bias[3 * lanes_of<WideFloats>] = {};

// The ends of a tile. What they read of it is held in registers: a store through a vector's pointer may alias
// the structure, and what is loaded anew for each tile costs short sums a tenth of their speed. `adds`: as a
// template's argument, as the other case's code costs these sums, which are never added to, half as much.
template <class Vector, int pixels, int vectors, bool adds>
struct TileEnds {
  using Sums = Vector[pixels][vectors];
  const float* bias;
  const float* before;
  float* dst;
  std::int64_t step;
  float least, most;
  WholeVector<Vector> whole;
  LastVector<Vector> last;

  explicit TileEnds(const GemmTile& tile)
      : bias(tile.first && tile.bias ? tile.bias : no_bias),
        before(added_before(tile)),
        dst(tile.dst),
        step(tile.dst_step),
        least(tile.last ? tile.least : -std::numeric_limits<float>::infinity()),
        most(tile.last ? tile.most : std::numeric_limits<float>::infinity()),
        last(tile.last_filters) {}

  PETAL_INLINE void load(const float* from, int v, Vector& vector) const {
    if (v == vectors - 1) {
      last.load(from + v * lanes_of<Vector>, vector);
    } else {
      whole.load(from + v * lanes_of<Vector>, vector);
    }
  }

  PETAL_INLINE void start(Sums& sums) {
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      Vector start;
      load(bias, v, start);
      PETAL_UNROLL for (int p = 0; p < pixels; ++p) sums[p][v] = start;
    }
    PETAL_UNROLL for (int p = 0; p < pixels && adds; ++p) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        Vector value;
        load(before, v, value);
        sums[p][v] += value;
      }
      before += step;
    }
  }

  // Cuts and stores one vector after the other, which GCC would not: with all the stores behind all that is
  // cut, the next tile waits. In this order of operands a NaN stays one.
  PETAL_INLINE void finish(Sums& sums) {
    // Volatile, as the registers are wanted for the sums until here.
    Vector low, high;
    asm volatile("vbroadcastss %2, %0\n\tvbroadcastss %3, %1"
                 : "=&v"(low), "=v"(high)
                 : "m"(least), "m"(most));
    PETAL_UNROLL for (int p = 0; p < pixels; ++p) {
      finish_vectors(sums[p], low, high, std::make_integer_sequence<int, vectors - 1>());
      dst += step;
    }
  }
  template <int... v>
  PETAL_INLINE void finish_vectors(Vector (&sums)[vectors], const Vector& low, const Vector& high,
                                   std::integer_sequence<int, v...>) const {
    constexpr int bytes = sizeof(Vector);
    (whole.template finish<v * bytes>(sums[v], low, high, dst), ...);
    last.template finish<(vectors - 1) * bytes>(sums[vectors - 1], low, high, dst);
  }
};

template <class Vector, int vectors>
PETAL_INLINE std::int64_t weights_bytes(const GemmTile& tile) {
  return tile.taps * tile.channels * vectors * static_cast<std::int64_t>(sizeof(Vector));
}

template <class Vector, int pixels, int vectors, bool adds>
PETAL_INLINE void run_pointed(const GemmTile& tile, std::int64_t count) {
  TileEnds<Vector, pixels, vectors, adds> ends(tile);
  const std::int64_t next = weights_bytes<Vector, vectors>(tile);
  const float* const* rows = tile.src;
  for (; count > 0; --count) {
    Vector sums[pixels][vectors];
    ends.start(sums);
    const float* weights = tile.weights;
    const float* const* of_tap = rows;
    for (std::int64_t tap = tile.taps; tap > 0; --tap) {
      PointedRows<pixels> src{.rows = {}, .channel = tile.first_channel};
      PETAL_UNROLL for (int p = 0; p < pixels; ++p) src.rows[p] = of_tap[p];
      weights = add_channels(src, next, tile.channels, weights, sums);
      of_tap += tile.src_step;
    }
    ends.finish(sums);
    rows += pixels;
  }
}

template <class Vector, int pixels, int vectors, bool adds>
PETAL_INLINE void run_pitched(const GemmTile& tile, std::int64_t count) {
  TileEnds<Vector, pixels, vectors, adds> ends(tile);
  const std::int64_t next = weights_bytes<Vector, vectors>(tile);
  const float* src = tile.pitched_src + tile.first_channel;
  for (; count > 0; --count) {
    Vector sums[pixels][vectors];
    ends.start(sums);
    add_channels(PitchedRows<pixels>(src, tile.src_step), next, tile.channels, tile.weights, sums);
    ends.finish(sums);
    src += pixels * tile.src_step;
  }
}

template <class Code, int pixels, int vectors, bool pitched, bool adds>
void run_tiles(const GemmTile& given, std::int64_t count) {
  Code::run([&]() PETAL_LOOP {
    const GemmTile tile = given;
    if constexpr (pitched) {
      run_pitched<typename Code::Vector, pixels, vectors, adds>(tile, count);
    } else {
      run_pointed<typename Code::Vector, pixels, vectors, adds>(tile, count);
    }
  });
}
#else
template <class Code, int pixels, int vectors, bool pitched, bool adds>
void run_tiles(const GemmTile&, std::int64_t) {}
#endif

template <class Code, int vectors, int... pixels>
GemmTileFunction gemm_tile_function(const GemmTileForm& form, std::integer_sequence<int, pixels...>) {
  static constexpr std::array<GemmTileFunction, 4 * sizeof...(pixels)> functions = {
      run_tiles<Code, pixels + 1, vectors, false, false>...,
      run_tiles<Code, pixels + 1, vectors, false, true>...,
      run_tiles<Code, pixels + 1, vectors, true, false>...,
      run_tiles<Code, pixels + 1, vectors, true, true>...};
  const std::size_t kind = (form.pitched ? 2 : 0) + (form.adds ? 1 : 0);
  return functions[kind * sizeof...(pixels) + static_cast<std::size_t>(form.pixels - 1)];
}

template <class Code>
GemmTileFunction gemm_tile_function(const GemmTileForm& form) {
  switch (form.vectors) {
    case 1:
      return gemm_tile_function<Code, 1>(form, std::make_integer_sequence<int, most_pixels<Code>(1)>());
    case 2:
      return gemm_tile_function<Code, 2>(form, std::make_integer_sequence<int, most_pixels<Code>(2)>());
    default:
      return gemm_tile_function<Code, 3>(form, std::make_integer_sequence<int, most_pixels<Code>(3)>());
  }
}

}  // namespace petal::cpu
