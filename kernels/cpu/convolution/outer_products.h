#pragma once

#include <cstdint>

namespace petal::cpu {

// Sums of products of `elements` numbers a_e with `vectors` * 8 numbers b_j over runs of places:
//   to[e * to_step + j] += sum over runs r and places x of a[r][x * a_step + e] * b[(r * places + x) * b_step
//   + j]
// A null run of a counts as zeros.
struct OuterProducts {
  const float* const* a;
  std::int64_t runs, places, a_step;
  const float* b;
  std::int64_t b_step;
  float* to;
  std::int64_t to_step;
};

// For 1 to 4 vectors: how many elements one call takes at best, so many that the sums fill the registers.
int elements_at_once(int vectors);

// For `elements` of 1 or elements_at_once(vectors). In AVX2 alone: ask has_avx2() first.
using OuterProductFunction = void (*)(const OuterProducts&);
OuterProductFunction outer_product_function(int elements, int vectors);

}  // namespace petal::cpu
