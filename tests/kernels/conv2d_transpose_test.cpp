#include "tests/kernels/conv2d_transpose_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Conv2DTranspose") {
  petal::testing::check_operation(petal::testing::conv2d_transpose_cases());
}
