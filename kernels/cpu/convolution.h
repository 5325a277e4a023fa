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

Support supports_convolution(ActivationFunction activation, Direction direction);
KernelPointer prepare_convolution(const Convolution& convolution, const Device& device,
                                  const PrepareContext& context);

}  // namespace petal::cpu
