#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

KernelPointer prepare_pooling(dnnl::algorithm algorithm, const Window& window, const Device& device,
                              const PrepareContext& context);

}  // namespace petal::cpu
