#include "kernels/cpu/convolution/outer_products.h"

#include <array>
#include <utility>

#include "kernels/cpu/vectors.h"

namespace petal::cpu {
namespace {

template <class Code>
constexpr int most(int vectors) {
  constexpr int in_avx2[] = {0, 9, 6, 4, 3}, in_avx512[] = {0, 20, 12, 8, 6};
  return (lanes_of<typename Code::Vector> == lanes ? in_avx2 : in_avx512)[vectors];
}

#if defined(__x86_64__)
template <class Vector>
PETAL_INLINE void broadcast(const float* from, Vector& vector) {
  asm("vbroadcastss %1, %0" : "=v"(vector) : "m"(*from));
}
template <class Vector>
PETAL_INLINE void add_product(const Vector& a, const Vector& b, Vector& sum) {
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

// Of one place. The side that has fewer vectors waits in registers, the other one comes one by one; in
// assembler, or GCC reads the former anew from memory for each of the latter.
template <class Vector, int elements, int vectors>
PETAL_INLINE void add_place(const float* a, const float* b, Vector (&sums)[elements][vectors]) {
  if constexpr (elements < vectors) {
    Vector of_a[elements];
    PETAL_UNROLL for (int e = 0; e < elements; ++e) broadcast(a + e, of_a[e]);
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
      Vector of_b;
      load_whole(b + v * lanes_of<Vector>, of_b);
      PETAL_UNROLL for (int e = 0; e < elements; ++e) add_product(of_a[e], of_b, sums[e][v]);
    }
  } else {
    Vector of_b[vectors];
    PETAL_UNROLL for (int v = 0; v < vectors; ++v) load_whole(b + v * lanes_of<Vector>, of_b[v]);
    PETAL_UNROLL for (int e = 0; e < elements; ++e) {
      Vector of_a;
      broadcast(a + e, of_a);
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) add_product(of_a, of_b[v], sums[e][v]);
    }
  }
}

template <class Code, int elements, int vectors>
void add_products(const OuterProducts& p) {
  using Vector = typename Code::Vector;
  Code::run([&]() PETAL_LOOP {
    Vector sums[elements][vectors];
    PETAL_UNROLL for (int e = 0; e < elements; ++e) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) sums[e][v] = Vector{};
    }
    for (std::int64_t run = 0; run < p.runs; ++run) {
      const float* a = p.a[run];
      if (!a) continue;
      const float* b = p.b + run * p.places * p.b_step;
      for (std::int64_t x = 0; x < p.places; ++x, a += p.a_step, b += p.b_step) add_place(a, b, sums);
    }
    PETAL_UNROLL for (int e = 0; e < elements; ++e) {
      PETAL_UNROLL for (int v = 0; v < vectors; ++v) {
        float* to = p.to + e * p.to_step + v * lanes_of<Vector>;
        Vector sum;
        load_whole(to, sum);
        sum += sums[e][v];
        store_whole(sum, to);
      }
    }
  });
}
#else
template <class Code, int elements, int vectors>
void add_products(const OuterProducts&) {}
#endif

template <class Code, int vectors, int... elements>
OuterProductFunction function(int count, std::integer_sequence<int, elements...>) {
  static constexpr std::array<OuterProductFunction, sizeof...(elements)> functions = {
      add_products<Code, elements + 1, vectors>...};
  return functions[static_cast<std::size_t>(count - 1)];
}

template <class Code>
OuterProductFunction function(int elements, int vectors) {
  switch (vectors) {
    case 1:
      return function<Code, 1>(elements, std::make_integer_sequence<int, most<Code>(1)>());
    case 2:
      return function<Code, 2>(elements, std::make_integer_sequence<int, most<Code>(2)>());
    case 3:
      return function<Code, 3>(elements, std::make_integer_sequence<int, most<Code>(3)>());
    default:
      return function<Code, 4>(elements, std::make_integer_sequence<int, most<Code>(4)>());
  }
}

}  // namespace

int most_elements(int vectors, bool wide) {
  return wide ? most<Avx512>(vectors) : most<Avx2>(vectors);
}

OuterProductFunction outer_product_function(int elements, int vectors, bool wide) {
  return wide ? function<Avx512>(elements, vectors) : function<Avx2>(elements, vectors);
}

}  // namespace petal::cpu
