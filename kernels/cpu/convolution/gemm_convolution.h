#pragma once

#include <optional>

#include "kernels/cpu/convolution/convolution.h"
#include "kernels/cpu/convolution/implicit_gemm.h"

namespace petal::cpu {

// The convolution as an ImplicitGemm, where that can be: AVX2 or AVX-512, one group, filters by eights, relu
// or relu6 or nothing behind it.
std::optional<ImplicitGemm> implicit_gemm(const Convolution& convolution, const PrepareContext& context);

// The weights as a product (ImplicitGemm or Winograd) reads them: constant ones packed once, here; bound ones
// anew for each run, into scratch.
class GemmWeights {
 public:
  // `constant` is null where the numbers come with each run.
  template <class Product>
  GemmWeights(const Product& product, const Tensor* constant, const Device& device, ScratchLayout& scratch) {
    const std::size_t bytes = static_cast<std::size_t>(product.packed_elements()) * sizeof(float);
    if (!constant) {
      offset_ = scratch.add(bytes);
      return;
    }
    Buffer packed(bytes);
    product.pack(floats(constant->bytes()), floats(packed.data()));
    packed_ = device.constants->keep(std::move(packed));
  }

  // Those of this run, from the bound ones.
  template <class Product>
  const float* prepare(const Product& product, const float* bound, std::byte* scratch) const {
    if (packed_) return floats(packed_->data());
    float* packed = floats(scratch + offset_);
    product.pack(bound, packed);
    return packed;
  }

 private:
  ConstantArrays::Array packed_;  // null where the numbers come with each run
  std::size_t offset_ = 0;
};

// By our own products: as Winograd where it pays, else as an ImplicitGemm. Null
// where implicit_gemm has none; in direction backward_data also where strides are not 1.
KernelPointer prepare_gemm_convolution(const Convolution& convolution, const Device& device,
                                       const PrepareContext& context);

}  // namespace petal::cpu
