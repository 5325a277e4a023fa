#include "tests/kernels/depthwise_conv2d_cases.h"

#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"

TEST_CASE("DepthwiseConv2D") {
  petal::testing::check_operation(petal::testing::depthwise_conv2d_cases());
}
