#include "tests/kernels/random_brightness_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("RandomBrightness") {
  petal::testing::check_operation(petal::testing::random_brightness_cases());
}
