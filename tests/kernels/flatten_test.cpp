#include "tests/kernels/flatten_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Flatten") {
  petal::testing::check_operation(petal::testing::flatten_cases());
}
