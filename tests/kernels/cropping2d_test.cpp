#include "tests/kernels/cropping2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Cropping2D") {
  petal::testing::check_operation(petal::testing::cropping2d_cases());
}
