#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

// Eight floats side by side, and a loop compiled for the processor that runs it. GCC's and Clang's vector
// types become AVX2's where the surrounding function is compiled for it and pairs of SSE's where it is not.
// They are passed by reference alone: by value they would be another calling convention in each.
namespace petal::cpu {

#define PETAL_INLINE __attribute__((always_inline)) inline

inline constexpr std::int64_t lanes = 8;
using Floats = float __attribute__((vector_size(32)));
using Integers = std::int32_t __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(32)));
using Bytes = std::uint8_t __attribute__((vector_size(8)));

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
// AVX2 and no AVX-512: where oneDNN's code leaves half of the processor idle, and our own is used.
bool has_avx2_alone();

// For functions on __m256, in files of their own: what is inlined into a function compiled for AVX2 and FMA,
// and a loop whose count is known.
#define PETAL_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline
#define PETAL_UNROLL _Pragma("GCC unroll 16")

#if defined(__x86_64__)
template <class Loop>
__attribute__((target("avx2,fma"))) void run_with_avx2(const Loop& loop) {
  loop();
}
#else
template <class Loop>
void run_with_avx2(const Loop& loop) {
  loop();
}
#endif

// Calls loop(), compiled for AVX2 where the processor has it. `loop` is a lambda marked PETAL_LOOP, and what
// it calls is PETAL_INLINE: only what is inlined is compiled twice.
#define PETAL_LOOP __attribute__((always_inline))
template <class Loop>
void run_in_vectors(const Loop& loop) {
  static const bool avx2 = has_avx2();
  if (avx2) {
    run_with_avx2(loop);
  } else {
    loop();
  }
}

}  // namespace petal::cpu
