#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

// Eight floats side by side, and a loop compiled for the processor that runs it. GCC's and Clang's vector
// types become AVX2's where the surrounding function is compiled for it and pairs of SSE's where it is not.
// They are passed by reference alone: by value they would be another calling convention in each.
namespace petal::cpu {

#define PETAL_INLINE __attribute__((always_inline)) inline

inline constexpr std::int64_t lanes = 8;
using Floats = float __attribute__((vector_size(32)));
using WideFloats = float __attribute__((vector_size(64)));
template <class Vector>
inline constexpr std::int64_t lanes_of = sizeof(Vector) / sizeof(float);
using Integers = std::int32_t __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(32)));
using Bytes = std::uint8_t __attribute__((vector_size(8)));

template <class Vector>
PETAL_INLINE void load_whole(const float* from, Vector& vector) {
  std::memcpy(&vector, from, sizeof(vector));
}
template <class Vector>
PETAL_INLINE void store_whole(const Vector& vector, float* to) {
  std::memcpy(to, &vector, sizeof(vector));
}

// `count` elements, 1 to 8, into the first lanes; the others become zero.
template <class Vector, class T>
PETAL_INLINE void load(const T* from, std::int64_t count, Vector& vector) {
  if (count == lanes) {
    std::memcpy(&vector, from, sizeof(vector));
  } else {
    vector = Vector{};
    std::memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(T));
  }
}

template <class Vector, class T>
PETAL_INLINE void store(const Vector& vector, std::int64_t count, T* to) {
  if (count == lanes) {
    std::memcpy(to, &vector, sizeof(vector));
  } else {
    std::memcpy(to, &vector, static_cast<std::size_t>(count) * sizeof(T));
  }
}

// Calls f(number of vectors, first channel, channels of a vector) for all channels: four vectors side by side
// while there are as many, so that what is done for each place is paid once for 32 channels; then single
// ones.
template <class F>
PETAL_INLINE void for_channels(std::int64_t channels, const F& f) {
  std::int64_t c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) f(std::integral_constant<int, 4>(), c, lanes);
  for (; c < channels; c += lanes) f(std::integral_constant<int, 1>(), c, std::min(lanes, channels - c));
}

// What the processor has and oneDNN is allowed to use (ONEDNN_MAX_CPU_ISA), so that the two go together.
bool has_avx2();
bool has_avx512();

// A loop whose count is known.
#define PETAL_UNROLL _Pragma("GCC unroll 16")

#if defined(__x86_64__)
#define PETAL_TARGET(instructions) __attribute__((target(instructions)))
#else
#define PETAL_TARGET(instructions)
#endif

// For kernels that are written once for vectors of both widths, in assembler where it counts: the vector, and
// run(), which calls loop() compiled for the instructions. `loop` is a lambda marked PETAL_LOOP, and what it
// calls is PETAL_INLINE: only what is inlined is compiled for them.
#define PETAL_LOOP __attribute__((always_inline))
struct Avx2 {
  using Vector = Floats;
  template <class Loop>
  PETAL_TARGET("avx2,fma")
  static void run(const Loop& loop) {
    loop();
  }
};
struct Avx512 {
  using Vector = WideFloats;
  template <class Loop>
  PETAL_TARGET("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
  static void run(const Loop& loop) {
    loop();
  }
};
// The lanes of the widest vectors at hand, and the implementation's name of a kernel written in them.
std::int64_t widest_lanes();
std::string vectors_name();

// Calls loop(), a lambda as for Avx2::run, compiled for AVX2 where the processor has it.
template <class Loop>
void run_in_vectors(const Loop& loop) {
  static const bool avx2 = has_avx2();
  if (avx2) {
    Avx2::run(loop);
  } else {
    loop();
  }
}

}  // namespace petal::cpu
