#include "kernels/cpu/sum.h"

#include <algorithm>

#include "kernels/cpu/bfloat16.h"

namespace petal::cpu {
namespace {

constexpr std::int64_t block = 1024;

class Sum final : public Kernel {
 public:
  Sum(std::int64_t elements, int terms) : elements_(elements), terms_(static_cast<std::size_t>(terms)) {}
  void run(const Bindings& bindings) override {
    sum_arrays(bindings.src.first(terms_), elements_, floats(bindings.dst));
  }
  std::string implementation() const override { return "loops"; }

 private:
  std::int64_t elements_;
  std::size_t terms_;
};

// Sums in float32, each rounded once.
class Bfloat16Sum final : public Kernel {
 public:
  Bfloat16Sum(std::int64_t elements, int terms)
      : elements_(elements), terms_(static_cast<std::size_t>(terms)) {}
  void run(const Bindings& bindings) override {
    auto* dst = reinterpret_cast<Bfloat16*>(bindings.dst);
    const std::int64_t blocks = (elements_ + block - 1) / block;
#pragma omp parallel for schedule(static) if (elements_ >= worth_threads)
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t end = std::min((b + 1) * block, elements_);
      run_in_vectors([&]() PETAL_LOOP {
        for (std::int64_t i = b * block; i < end; i += lanes) {
          const std::int64_t count = std::min(lanes, end - i);
          Floats sum{};
          for (std::size_t term = 0; term < terms_; ++term) {
            Floats added;
            load(reinterpret_cast<const Bfloat16*>(bindings.src[term]) + i, count, added);
            sum += added;
          }
          store(sum, count, dst + i);
        }
      });
    }
  }
  std::string implementation() const override {
    return "loops";
  }

 private:
  std::int64_t elements_;
  std::size_t terms_;
};

}  // namespace

void sum_arrays(std::span<const std::byte* const> src, std::int64_t elements, float* dst) {
  const std::int64_t blocks = (elements + block - 1) / block;
#pragma omp parallel for schedule(static) if (elements >= worth_threads)
  for (std::int64_t b = 0; b < blocks; ++b) {
    const std::int64_t first = b * block, count = std::min(block, elements - first);
    float sum[block];  // apart from dst, which may be an input that is yet to be read
    std::copy_n(floats(src[0]) + first, count, sum);
    for (const std::byte* term : src.subspan(1)) {
      const float* added = floats(term) + first;
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) sum[i] += added[i];
    }
    std::copy_n(sum, count, dst + first);
  }
}

KernelPointer make_sum(std::int64_t elements, int terms) {
  return std::make_unique<Sum>(elements, terms);
}

KernelPointer make_bfloat16_sum(std::int64_t elements, int terms) {
  return std::make_unique<Bfloat16Sum>(elements, terms);
}

}  // namespace petal::cpu
