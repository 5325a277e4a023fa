#include "tests/kernels/normalization_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Normalization") {
  petal::testing::check_operation(petal::testing::normalization_cases());
}
