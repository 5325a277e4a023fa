#pragma once

#include "kernels/cpu/convolution/convolution.h"

namespace petal::cpu {

// Both gradients of a depthwise convolution in own loops: one filter a channel, on a processor with AVX2 and
// not AVX-512; null for others.
KernelPointer prepare_depthwise_gradient(const Convolution& convolution, const Device& device,
                                         const PrepareContext& context);

KernelPointer make_depthwise_data_gradient(const Convolution& convolution, const Device& device,
                                           const PrepareContext& context);
KernelPointer make_depthwise_weights_gradient(const Convolution& convolution, const Device& device,
                                              const PrepareContext& context);

}  // namespace petal::cpu
