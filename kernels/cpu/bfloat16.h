#pragma once

#include <cstddef>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {

// The upper half of a float: its sign, its exponent and 7 bits of fraction.
enum class Bfloat16 : std::uint16_t {};
using Halves = std::uint16_t __attribute__((vector_size(16)));

// Up to eight of them as floats, exactly; lanes beyond `count` become zero.
PETAL_INLINE void load(const Bfloat16* from, std::int64_t count, Floats& vector) {
  Halves halves;
  load(reinterpret_cast<const std::uint16_t*>(from), count, halves);
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&vector, &words, sizeof(vector));
}

// Floats rounded to the nearest, ties to even, as oneDNN's code does; what is no number stays none.
PETAL_INLINE void store(const Floats& vector, std::int64_t count, Bfloat16* to) {
  Words words;
  std::memcpy(&words, &vector, sizeof(words));
  const Words upper = words >> 16;
  const Words rounded = (words + 0x7fff + (upper & 1)) >> 16;
  // Rounding would carry the largest of their patterns over into a number; the bit keeps the others from
  // becoming infinity.
  const Words kept = vector == vector ? rounded : (upper | 0x40);
  store(__builtin_convertvector(kept, Halves), count, reinterpret_cast<std::uint16_t*>(to));
}

// One way or the other, on this thread.
template <class From, class To>
PETAL_INLINE void convert(const From* from, std::int64_t elements, To* to) {
  run_in_vectors([&]() PETAL_LOOP {
    for (std::int64_t i = 0; i < elements; i += lanes) {
      const std::int64_t count = std::min(lanes, elements - i);
      Floats values;
      load(from + i, count, values);
      store(values, count, to + i);
    }
  });
}

// Whole arrays, on all threads.
void widen(const std::byte* from, std::int64_t elements, float* to);
void narrow(const float* from, std::int64_t elements, std::byte* to);
// Each number as bfloat16 holds it.
void round_to_bfloat16(float* numbers, std::int64_t elements);

}  // namespace petal::cpu
