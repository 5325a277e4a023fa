#include "tests/kernels/prelu_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("PReLU") {
  petal::testing::check_operation(petal::testing::prelu_cases());
}
