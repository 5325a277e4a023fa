#pragma once

#include "kernels/cpu/convolution.h"

namespace petal::cpu {

// Whether our own loops compute a depthwise convolution's gradients: one filter a channel, on a processor
// with AVX2. With AVX-512 oneDNN's are used.
bool has_own_depthwise_backward(const Convolution& convolution, const PrepareContext& context);

KernelPointer prepare_depthwise_data_gradient(const Convolution& convolution, const Device& device,
                                              const PrepareContext& context);
KernelPointer prepare_depthwise_weights_gradient(const Convolution& convolution, const Device& device,
                                                 const PrepareContext& context);

}  // namespace petal::cpu
