#include "tests/kernels/resizing_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Resizing") {
  petal::testing::check_operation(petal::testing::resizing_cases());
}
