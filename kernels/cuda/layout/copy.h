#pragma once

#include "kernels/cuda/kernel.h"

namespace petal::cuda {

// dst = src, and going back diff_src = diff_dst: the layers that move no element (Flatten, Reshape, Dropout
// in inference).
KernelPointer prepare_copy(const Device& device, const PrepareContext& context);

}  // namespace petal::cuda
