#pragma once

#include <cmath>
#include <span>

namespace petal {

// The value that `share` (0 to 1) of them lie below, the nearest of those there are: 0.5 gives the median.
// `sorted` is not empty.
inline double quantile(std::span<const double> sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

}  // namespace petal
