#include "tests/kernels/concatenate_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Concatenate") {
  petal::testing::check_operation(petal::testing::concatenate_cases());
}
