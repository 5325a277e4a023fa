#pragma once

#include <vector>

#include "tests/kernels/case.h"

namespace petal::testing {

// The numbers that go into a case, the same on every backend and exact in the precision that they are made
// for.
struct CaseNumbers {
  std::vector<std::vector<double>> src;
  std::vector<std::vector<double>> weights;
  std::vector<double> diff_dst;
};

CaseNumbers make_numbers(const Case& item, Precision precision);

}  // namespace petal::testing
