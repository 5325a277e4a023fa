#include "tests/kernels/relu_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("ReLU") {
  petal::testing::check_operation(petal::testing::relu_cases());
}
