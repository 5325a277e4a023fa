#include "tests/kernels/up_sampling2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("UpSampling2D") {
  petal::testing::check_operation(petal::testing::up_sampling2d_cases());
}
