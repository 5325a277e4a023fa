#include "tests/kernels/rescaling_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Rescaling") {
  petal::testing::check_operation(petal::testing::rescaling_cases());
}
