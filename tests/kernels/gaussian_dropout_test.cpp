#include "tests/kernels/gaussian_dropout_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("GaussianDropout") {
  petal::testing::check_operation(petal::testing::gaussian_dropout_cases());
}
