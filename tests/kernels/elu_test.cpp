#include "tests/kernels/elu_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("ELU") {
  petal::testing::check_operation(petal::testing::elu_cases());
}
