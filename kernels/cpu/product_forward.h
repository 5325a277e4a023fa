#pragma once

#include <optional>

#include "kernels/cpu/operations.h"
#include "kernels/cpu/packed_weights.h"

namespace petal::cpu {

// Whether forward is one of oneDNN's bfloat16 products: of bfloat16 src into dst of the residual's type if
// there is one, on a processor with AVX-512 (oneDNN computes them by float32 where its bfloat16 instructions
// are lacking).
bool takes_bfloat16_product(const PrepareContext& context);
// The type of the kernel that is given: constant numbers are float32, bound ones as weight_type says.
DataType given_kernel_type(const PrepareContext& context);

// activation(src times kernel + bias [+ residual]) as one primitive: what Conv2D, DepthwiseConv2D and Dense
// run. The residual is summed by a post-op that reads dst, so it lies there first: by the plan's choice,
// which gives dst its memory, or by a copy.
class ProductForward final : public Kernel {
 public:
  // `descriptor` is the primitive's; `kernel` is how Keras lays the kernel out; `bias` is empty where there
  // is none.
  template <class PrimitiveDescriptor>
  ProductForward(const Device& device, const PrepareContext& context, const PrimitiveDescriptor& descriptor,
                 const Descriptor& kernel, const Descriptor& bias)
      : ProductForward(context) {
    Step::Arguments arguments = {{DNNL_ARG_SRC, descriptor.src_desc()},
                                 {DNNL_ARG_WEIGHTS, descriptor.weights_desc()},
                                 {DNNL_ARG_DST, descriptor.dst_desc()}};
    if (!bias.is_zero()) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    step_ = Step(device, where(context.node), descriptor, arguments, scratch_);
    pack(device, context, kernel, descriptor.weights_desc(), bias);
  }

  void run(const Bindings& bindings) override;
  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }
  int in_place_input() const override { return in_place_; }

 private:
  explicit ProductForward(const PrepareContext& context);
  void pack(const Device& device, const PrepareContext& context, const Descriptor& given,
            const Descriptor& wanted, const Descriptor& bias);

  bool residual_;
  int in_place_ = -1;
  std::size_t dst_bytes_;
  ScratchLayout scratch_;
  Step step_;
  PackedWeights kernel_;
  std::optional<PackedWeights> bias_;
};

}  // namespace petal::cpu
