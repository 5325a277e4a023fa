#include "tests/kernels/zero_padding2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("ZeroPadding2D") {
  petal::testing::check_operation(petal::testing::zero_padding2d_cases());
}
