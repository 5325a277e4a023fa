#include "tests/kernels/batch_normalization_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("BatchNormalization") {
  petal::testing::check_operation(petal::testing::batch_normalization_cases());
}
