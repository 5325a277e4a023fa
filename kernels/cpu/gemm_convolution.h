#pragma once

#include <optional>

#include "kernels/cpu/convolution.h"
#include "kernels/cpu/implicit_gemm.h"

namespace petal::cpu {

// The convolution as an ImplicitGemm, where that is the faster way: AVX2 without AVX-512 (oneDNN's code for
// AVX2 reaches half of what the processor can do), one group, filters by eights, relu or relu6 or nothing
// behind it.
std::optional<ImplicitGemm> implicit_gemm(const Convolution& convolution, const PrepareContext& context);

// Null where the above has none; in direction backward_data also where strides are not 1.
KernelPointer prepare_gemm_convolution(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context);

}  // namespace petal::cpu
