#pragma once

#include <chrono>
#include <cmath>
#include <span>

namespace petal {

// Seconds of the steady clock since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// The value that `share` (0 to 1) of them lie below, the nearest of those there are: 0.5 gives the median.
// `sorted` is not empty.
inline double quantile(std::span<const double> sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

}  // namespace petal
