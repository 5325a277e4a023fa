#include "tests/kernels/add_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Add") {
  petal::testing::check_operation(petal::testing::add_cases());
}
