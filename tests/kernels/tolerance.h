#pragma once

#include "engine/backend.h"

namespace petal::testing {

// How far a backend may be from the reference in f64: the largest difference in a tensor over the largest
// magnitude in the reference's. The numbers going in are exact in every precision, so this is the error of
// the computation alone.
struct Tolerance {
  double forward;
  double backward;
};

constexpr Tolerance tolerance(Precision precision) {
  switch (precision) {
    case Precision::f64:
      return {1e-12, 1e-12};
    case Precision::f32:
      return {1e-5, 2e-5};
    case Precision::f16:
      return {2e-3, 4e-3};  // one unit in the last place is 2^-10
    case Precision::bf16:
      return {1e-2, 2e-2};  // one unit in the last place is 2^-7
  }
  return {0, 0};
}

// The reference in f64 against central finite differences with `finite_difference_step`, which is small so
// that no element of a case crosses the corner of a relu on the way.
inline constexpr double finite_difference_tolerance = 1e-6;
inline constexpr double finite_difference_step = 1e-6;

}  // namespace petal::testing
