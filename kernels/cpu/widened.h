#pragma once

#include <functional>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// Runs a bfloat16 context with a float32 kernel: what it reads is widened into scratch, dst and diff_src are
// rounded out of it; arrays that are not bfloat16 are passed through. `prepare` makes the float32 kernel;
// null where that is. Weights that weight_type rounds are rounded here where they are constant, as oneDNN's
// bfloat16 code wants them, so that the numbers are the same on every processor but for the order of the sums
// and, in backward, the rounding of gradients before a fused activation; all other weights stay float32.
// Where src and dst are all float32 there is nothing to save, and the kernel is the float32 one, with its own
// weights.
KernelPointer prepare_widened(const PrepareContext& context,
                              const std::function<KernelPointer(const PrepareContext&)>& prepare);

}  // namespace petal::cpu
