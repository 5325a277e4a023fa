#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace petal::testing {

// The largest difference over the largest magnitude expected; infinite where a number is not finite or the
// sizes differ.
inline double array_error(std::span<const double> found, std::span<const double> expected) {
  if (found.size() != expected.size()) return HUGE_VAL;
  double difference = 0;
  double magnitude = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!std::isfinite(found[i])) return HUGE_VAL;
    difference = std::max(difference, std::fabs(found[i] - expected[i]));
    magnitude = std::max(magnitude, std::fabs(expected[i]));
  }
  return magnitude > 0 ? difference / magnitude : difference;
}

}  // namespace petal::testing
