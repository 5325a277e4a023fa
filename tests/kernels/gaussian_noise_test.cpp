#include "tests/kernels/gaussian_noise_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("GaussianNoise") {
  petal::testing::check_operation(petal::testing::gaussian_noise_cases());
}
