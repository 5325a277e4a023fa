#include "tests/kernels/global_max_pooling2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("GlobalMaxPooling2D") {
  petal::testing::check_operation(petal::testing::global_max_pooling2d_cases());
}
