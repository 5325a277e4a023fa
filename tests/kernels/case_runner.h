#pragma once

#include <span>

#include "tests/kernels/case.h"

namespace petal::testing {

// The whole check of one operation; fails through doctest.
//   1. The reference in f64 against central finite differences in double, data and weights.
//   2. Every backend in backends_under_test(), in every precision: forward with weights constant and weights
//   bound, and both
//      backward directions, against the reference in f64 within tolerance.h. Backward of halves starts from
//      one dst on both sides: one that was rounded to 6 has no gradient in relu6.
// Outputs, workspace and scratch are NaN before each run and have guards behind them; inputs must stay as
// they were; what BackwardNeeds does not name is null; each kernel runs twice and must give the same bits.
// Combinations that a backend does not support are counted and printed with their reasons. Every backend must
// have run forward in f32, and the reference may leave out nothing in its two precisions going forward.
void check_operation(std::span<const Case> cases);

// The parts of it, for a backend on its own.
void check_forward(const Backend& backend, Precision precision, std::span<const Case> cases);
void check_backward(const Backend& backend, Precision precision, std::span<const Case> cases);
void check_finite_differences(std::span<const Case> cases);

}  // namespace petal::testing
