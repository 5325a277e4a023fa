#include "tests/kernels/spatial_dropout2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("SpatialDropout2D") {
  petal::testing::check_operation(petal::testing::spatial_dropout2d_cases());
}
