#include "kernels/cpu/bfloat16.h"

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

template <class From, class To>
void convert_all(const From* from, std::int64_t elements, To* to) {
  constexpr std::int64_t block = 4096;
  const std::int64_t blocks = (elements + block - 1) / block;
#pragma omp parallel for schedule(static) if (elements >= worth_threads)
  for (std::int64_t b = 0; b < blocks; ++b)
    convert(from + b * block, std::min(block, elements - b * block), to + b * block);
}

}  // namespace

void widen(const std::byte* from, std::int64_t elements, float* to) {
  convert_all(reinterpret_cast<const Bfloat16*>(from), elements, to);
}

void narrow(const float* from, std::int64_t elements, std::byte* to) {
  convert_all(from, elements, reinterpret_cast<Bfloat16*>(to));
}

void round_to_bfloat16(float* numbers, std::int64_t elements) {
  for (std::int64_t i = 0; i < elements; i += lanes) {
    const std::int64_t count = std::min(lanes, elements - i);
    Floats values;
    Bfloat16 halves[lanes];
    load(numbers + i, count, values);
    store(values, count, halves);
    load(halves, count, values);
    store(values, count, numbers + i);
  }
}

}  // namespace petal::cpu
