#include "tests/kernels/batch_normalization_cases.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/kernels/array_error.h"
#include "tests/kernels/backends.h"
#include "tests/kernels/case_runner.h"
#include "tests/kernels/prepared_case.h"

namespace petal::testing {

TEST_CASE("BatchNormalization") {
  check_operation(batch_normalization_cases());
}

// The difference of the mean square and the squared mean would have three digits left in float32.
TEST_CASE("batch statistics keep their digits far from zero") {
  const Case item{.name = "far", .layer = BatchNormalization{}, .src = {{40, 50, 8}}, .batch = 2};
  CaseNumbers numbers = make_numbers(item, Precision::f32);
  for (double& value : numbers.src[0]) value = 100 + std::floor(value * 4096) / 4096;
  const auto results = [&](const Backend& backend, Precision precision) {
    PreparedCase prepared(backend, item, precision, Mode::training, false, numbers);
    std::vector<std::vector<double>> found = {prepared.forward()};
    for (const auto& moved : prepared.statistics()) found.push_back(moved);
    found.push_back(prepared.backward_data()[0]);
    return found;
  };
  const auto expected = results(reference(), Precision::f64);
  for (const auto& backend : backends_under_test()) {
    INFO(backend->name());
    const auto found = results(*backend, backend.get() == &reference() ? Precision::f64 : Precision::f32);
    REQUIRE(found.size() == 4);
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i);
      CHECK(array_error(found[i], expected[i]) <= 3e-5);
    }
  }
}

}  // namespace petal::testing
