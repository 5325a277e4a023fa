#include <doctest/doctest.h>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/guarded_array.h"
#include "tests/kernels/scalars.h"
#include "tests/kernels/tolerance.h"

namespace petal::testing {

TEST_CASE("sums of several arrays, which assign every element") {
  for (const auto& backend : backends_under_test()) {
    for (const std::int64_t elements : {1, 17, 1000}) {
      for (const int terms : {2, 3, 5}) {
        INFO(backend->name() << ", " << terms << " arrays of " << elements);
        std::vector<GuardedArray> arrays;
        std::vector<const std::byte*> src;
        std::vector<double> expected(static_cast<std::size_t>(elements));
        for (int term = 0; term < terms; ++term) {
          std::vector<double> values;
          for (std::size_t i = 0; i < expected.size(); ++i) {
            values.push_back((term + 1) * 0.25 - static_cast<double>(i % 13));
            expected[i] += values[i];
          }
          encode(values, DataType::f32, arrays.emplace_back(expected.size() * sizeof(float)).data());
        }
        for (const GuardedArray& array : arrays) src.push_back(array.data());
        GuardedArray dst(expected.size() * sizeof(float));
        const std::unique_ptr<Kernel> kernel = backend->prepare_sum(Precision::f32, elements, terms);
        GuardedArray scratch(kernel->scratch_bytes());
        Bindings bindings;
        bindings.src = src;
        bindings.dst = dst.data();
        bindings.scratch = scratch.data();
        backend->enter();
        kernel->run(bindings);
        CHECK(array_error(decode(dst.data(), DataType::f32, expected.size()), expected) <=
              tolerance(Precision::f32).forward);
        CHECK(dst.guards_hold());
      }
    }
  }
}

}  // namespace petal::testing
