#include "tests/kernels/leaky_relu_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("LeakyReLU") {
  petal::testing::check_operation(petal::testing::leaky_relu_cases());
}
