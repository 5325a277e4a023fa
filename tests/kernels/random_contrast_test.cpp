#include "tests/kernels/random_contrast_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("RandomContrast") {
  petal::testing::check_operation(petal::testing::random_contrast_cases());
}
