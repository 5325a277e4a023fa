#pragma once

#include <functional>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// Runs a bfloat16 context (forward) with a float32 kernel: src is widened into scratch, dst rounded out of
// it; arrays that are not bfloat16 are passed through. `prepare` makes the float32 kernel. Constant kernels
// of Conv2D and Dense are rounded first, as oneDNN's bfloat16 code wants them, so that the numbers are the
// same on every processor but for the order of the sums; all other weights, biases among them, stay float32.
// Where src and dst are all float32 there is nothing to save, and the kernel is the float32 one, with its own
// weights.
KernelPointer prepare_widened(const PrepareContext& context,
                              const std::function<KernelPointer(const PrepareContext&)>& prepare);

}  // namespace petal::cpu
