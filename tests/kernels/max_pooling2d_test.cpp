#include "tests/kernels/max_pooling2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("MaxPooling2D") {
  petal::testing::check_operation(petal::testing::max_pooling2d_cases());
}
