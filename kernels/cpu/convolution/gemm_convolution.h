#pragma once

#include <optional>

#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/implicit_gemm.h"

namespace petal::cpu {

// The convolution as an ImplicitGemm, where that is the faster way: AVX2 without AVX-512 (oneDNN's code for
// AVX2 reaches half of what the processor can do), one group, filters by eights, relu or relu6 or nothing
// behind it.
std::optional<ImplicitGemm> implicit_gemm(const Convolution& convolution, const PrepareContext& context);

// The weights as the product reads them: constant ones packed once, here; bound ones anew for each run, into
// scratch.
class GemmWeights {
 public:
  // `constant` is null where the numbers come with each run.
  GemmWeights(const ImplicitGemm& gemm, const ImplicitGemm::KernelLayout& layout, const Tensor* constant,
              ScratchLayout& scratch);
  // Those of this run, from the bound ones.
  const float* prepare(const ImplicitGemm& gemm, const float* bound, std::byte* scratch) const;

 private:
  ImplicitGemm::KernelLayout layout_;
  Buffer packed_;
  std::size_t offset_ = 0;
};

// Null where implicit_gemm has none; in direction backward_data also where strides are not 1.
KernelPointer prepare_gemm_convolution(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context);

}  // namespace petal::cpu
