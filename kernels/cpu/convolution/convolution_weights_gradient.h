#pragma once

#include "kernels/cpu/convolution/convolution.h"

namespace petal::cpu {

// Our own kernel for a convolution's diff_weights, where it is faster than oneDNN's; null where it is not.
KernelPointer prepare_weights_gradient(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context);

}  // namespace petal::cpu
