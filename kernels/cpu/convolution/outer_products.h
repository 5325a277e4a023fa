#pragma once

#include <cstdint>

namespace petal::cpu {

// Sums of products of `elements` numbers a_e with so many vectors of numbers b_j over runs of places:
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

// For 1 to most_elements(vectors, wide) elements and 1 to 4 vectors of 8, or `wide` ones of 16: ask
// has_avx2() or has_avx512() first.
using OuterProductFunction = void (*)(const OuterProducts&);
OuterProductFunction outer_product_function(int elements, int vectors, bool wide);

// So many that the sums fill the registers.
int most_elements(int vectors, bool wide);

}  // namespace petal::cpu
