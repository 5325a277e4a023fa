#include "tests/kernels/reshape_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Reshape") {
  petal::testing::check_operation(petal::testing::reshape_cases());
}
