#include <doctest/doctest.h>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/guarded_array.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {
namespace {

// The summands in double, each exact in every precision.
std::vector<std::vector<double>> summands(std::int64_t elements, int terms) {
  std::vector<std::vector<double>> all(static_cast<std::size_t>(terms));
  for (int term = 0; term < terms; ++term) {
    for (std::int64_t i = 0; i < elements; ++i) {
      all[static_cast<std::size_t>(term)].push_back((term + 1) * 0.25 - static_cast<double>(i % 13));
    }
  }
  return all;
}

void check_sum(const Backend& backend, Precision precision, std::int64_t elements, int terms) {
  const DataType type = data_type(precision);
  const std::shared_ptr<const Memory> memory = backend.memory();
  const auto bytes = static_cast<std::size_t>(elements) * size_of(type);
  std::vector<double> expected(static_cast<std::size_t>(elements));
  std::vector<GuardedArray> arrays;
  for (const std::vector<double>& values : summands(elements, terms)) {
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += values[i];
    encode(values, type, arrays.emplace_back(bytes, memory).data());
    arrays.back().upload();
  }
  std::vector<const std::byte*> src;
  for (const GuardedArray& array : arrays) src.push_back(array.bound());
  GuardedArray dst(bytes, memory);
  const std::unique_ptr<Kernel> kernel = backend.prepare_sum(precision, elements, terms);
  GuardedArray scratch(kernel->scratch_bytes(), memory);
  Bindings bindings;
  bindings.src = src;
  bindings.dst = dst.bound();
  bindings.scratch = scratch.bound();
  const RunContext context;
  bindings.context = &context;
  backend.enter();
  kernel->run(bindings);
  dst.download();
  CHECK(array_error(decode(dst.data(), type, expected.size()), expected) <= tolerance(precision).forward);
  CHECK(dst.guards_hold());
}

}  // namespace

TEST_CASE("sums of several arrays, which assign every element") {
  for (const auto& backend : backends_under_test()) {
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f16}) {
      if (precision != Precision::f32 && backend->name() == "reference") continue;
      if (precision == Precision::f16 && backend->name() == "cpu") continue;
      for (const std::int64_t elements : {1, 17, 1000, 20001}) {
        for (const int terms : {2, 3, 5, 19}) {
          INFO(backend->name() << " " << to_string(precision) << ", " << terms << " arrays of " << elements);
          check_sum(*backend, precision, elements, terms);
        }
      }
    }
  }
}

TEST_CASE("a sum of bfloat16 arrays is rounded once") {
  // 1 + 2^-9 four times over: rounded after each it would stay 1.
  for (const auto& backend : backends_under_test()) {
    if (backend->name() == "reference") continue;
    const auto memory = backend->memory();
    std::vector<GuardedArray> arrays;
    std::vector<const std::byte*> src;
    for (int term = 0; term < 5; ++term) {
      const std::vector<double> values(9, term == 0 ? 1.0 : 0x1p-9);
      encode(values, DataType::bf16, arrays.emplace_back(9 * sizeof(std::uint16_t), memory).data());
      arrays.back().upload();
    }
    for (const GuardedArray& array : arrays) src.push_back(array.bound());
    GuardedArray dst(9 * sizeof(std::uint16_t), memory);
    Bindings bindings;
    bindings.src = src;
    bindings.dst = dst.bound();
    const RunContext context;
    bindings.context = &context;
    backend->enter();
    backend->prepare_sum(Precision::bf16, 9, 5)->run(bindings);
    dst.download();
    for (const double sum : decode(dst.data(), DataType::bf16, 9)) CHECK(sum == 1 + 0x1p-7);
  }
}

}  // namespace petal::testing
