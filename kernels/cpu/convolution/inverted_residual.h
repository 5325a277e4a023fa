#pragma once

#include <span>

#include "kernels/cpu/operations.h"

namespace petal::cpu {

// [Conv2D,] DepthwiseConv2D 3x3, Conv2D 1x1 as one kernel: MobileNetV2's block (Sandler et al.
// 2018) with its residual, a network's first layers, MobileNet's separable pair. It goes through an image in
// strips of rows so low that what lies between the layers stays in the core's own cache, where as a whole it
// is the largest thing in the network. Threads take an image each or, of fewer images, rows of one. Null
// where the chain is another one, where oneDNN's code is the faster one for its layers, or where the weights,
// which are read anew for each image, outweigh what is saved.
KernelPointer prepare_inverted_residual(std::span<const PrepareContext> chain, const Device& device);

}  // namespace petal::cpu
