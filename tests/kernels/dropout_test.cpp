#include "tests/kernels/dropout_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Dropout") {
  petal::testing::check_operation(petal::testing::dropout_cases());
}
