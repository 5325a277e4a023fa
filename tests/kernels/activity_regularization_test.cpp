#include "tests/kernels/activity_regularization_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("ActivityRegularization") {
  petal::testing::check_operation(petal::testing::activity_regularization_cases());
}
