#include "tests/kernels/activation_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Activation") {
  petal::testing::check_operation(petal::testing::activation_cases());
}
