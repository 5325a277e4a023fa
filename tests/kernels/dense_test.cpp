#include "tests/kernels/dense_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Dense") {
  petal::testing::check_operation(petal::testing::dense_cases());
}
