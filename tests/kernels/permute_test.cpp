#include "tests/kernels/permute_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("Permute") {
  petal::testing::check_operation(petal::testing::permute_cases());
}
