#include "tests/kernels/average_pooling2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("AveragePooling2D") {
  petal::testing::check_operation(petal::testing::average_pooling2d_cases());
}
