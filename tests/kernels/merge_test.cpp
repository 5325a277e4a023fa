#include <doctest/doctest.h>

#include "tests/kernels/case_runner.h"
#include "tests/kernels/merge_cases.h"

namespace petal::testing {

TEST_CASE("Add") {
  check_operation(merge_cases<MergeOperation::add>());
}
TEST_CASE("Subtract") {
  check_operation(merge_cases<MergeOperation::subtract>());
}
TEST_CASE("Multiply") {
  check_operation(merge_cases<MergeOperation::multiply>());
}
TEST_CASE("Average") {
  check_operation(merge_cases<MergeOperation::average>());
}
TEST_CASE("Maximum") {
  check_operation(merge_cases<MergeOperation::maximum>());
}
TEST_CASE("Minimum") {
  check_operation(merge_cases<MergeOperation::minimum>());
}

}  // namespace petal::testing
