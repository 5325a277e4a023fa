#pragma once

#include "engine/layers/activation.h"
#include "kernels/cpu/onednn.h"

namespace petal::cpu {

// What follows a layer's product inside its primitive. Sum, which adds dst's old content, stands first: the
// other order is another result, and one that oneDNN has no fast code for. Not for softmax.
dnnl::post_ops epilogue(bool residual, ActivationFunction activation);
// Whether it can be such an epilogue.
Support supports_fused(ActivationFunction activation);

// DNNL_ARG_SRC to DNNL_ARG_DST, which may be one, over dense rows. Not for linear.
Step activation_forward(const Device& device, const std::string& where, ActivationFunction function,
                        std::int64_t rows, std::int64_t channels, ScratchLayout& scratch);
// DNNL_ARG_DST (forward's result) and DNNL_ARG_DIFF_DST to DNNL_ARG_DIFF_SRC. Not for linear and
// softmax.
Step activation_backward(const Device& device, const std::string& where, ActivationFunction function,
                         std::int64_t rows, std::int64_t channels, ScratchLayout& scratch);

}  // namespace petal::cpu
