#include "tests/kernels/separable_conv2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("SeparableConv2D") {
  petal::testing::check_operation(petal::testing::separable_conv2d_cases());
}
