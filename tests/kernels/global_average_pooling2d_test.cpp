#include "tests/kernels/global_average_pooling2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("GlobalAveragePooling2D") {
  petal::testing::check_operation(petal::testing::global_average_pooling2d_cases());
}
