#pragma once

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// What Conv2D and DepthwiseConv2D are to oneDNN: a convolution of `groups` groups whose kernel lies as
// (kh, kw, C / groups, filters) in memory; a depthwise one has a group a channel.
struct Convolution {
  Window window;
  std::int64_t groups = 1;
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
};

Convolution as_convolution(const Conv2D& layer, const PrepareContext& context);

WindowDims window_dims(const Window& window);

struct KernelDescriptors {
  Descriptor given;   // Keras's (kh, kw, C / groups, filters), of given_kernel_type; its gradient float32
  Descriptor wanted;  // oneDNN's choice, of src's type; its gradient float32
};
KernelDescriptors kernel_descriptors(const Convolution& convolution, const PrepareContext& context);

KernelPointer prepare_convolution(const Convolution& convolution, const Device& device,
                                  const PrepareContext& context);
// Both backward directions.
KernelPointer prepare_convolution_backward(const Convolution& convolution, const Device& device,
                                           const PrepareContext& context);
// Of arrays that are all bfloat16; null where oneDNN has no fast code for it.
KernelPointer prepare_bfloat16_convolution_backward(const Convolution& convolution, const Device& device,
                                                    const PrepareContext& context);

}  // namespace petal::cpu
