#include "tests/kernels/layer_normalization_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("LayerNormalization") {
  petal::testing::check_operation(petal::testing::layer_normalization_cases());
}
