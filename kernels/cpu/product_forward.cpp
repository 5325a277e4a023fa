#include "kernels/cpu/product_forward.h"

#include "engine/value_types.h"
#include "kernels/cpu/layout/copy.h"
#include "kernels/cpu/vectors.h"

namespace petal::cpu {

bool takes_bfloat16_product(const PrepareContext& context) {
  return has_avx512() && context.direction == Direction::forward && context.src[0].type == DataType::bf16 &&
         (!context.node.fused_residual || context.src[1].type == context.dst.type);
}

DataType given_kernel_type(const PrepareContext& context) {
  return context.constant_weights ? DataType::f32 : weight_type(context.node.layer, 0, context.src[0].type);
}

ProductForward::ProductForward(const PrepareContext& context)
    : residual_(context.node.fused_residual), dst_bytes_(context.dst.bytes()) {
  // Not where the layer reads the residual as its source too: its result would overwrite what it has yet to
  // read.
  const std::vector<int>& inputs = context.node.inputs;
  if (residual_ && inputs[0] != inputs[1]) in_place_ = 1;
}

void ProductForward::pack(const Device& device, const PrepareContext& context, const Descriptor& given,
                          const Descriptor& wanted, const Descriptor& bias) {
  const std::string name = where(context.node);
  const auto constant = [&](std::size_t i) {
    return context.constant_weights ? context.weights[i] : nullptr;
  };
  kernel_ = PackedWeights(device, name, given, wanted, constant(0), scratch_);
  if (!bias.is_zero()) bias_.emplace(device, name, bias, bias, constant(1), scratch_);
}

void ProductForward::run(const Bindings& bindings) {
  const auto bound = [&](std::size_t i) {
    return i < bindings.weights.size() ? bindings.weights[i] : nullptr;
  };
  if (residual_) copy_bytes(bindings.dst, bindings.src[1], dst_bytes_);
  step_.bind(DNNL_ARG_SRC, bindings.src[0]);
  step_.bind(DNNL_ARG_WEIGHTS, kernel_.prepare(bound(0), bindings.scratch));
  if (bias_) step_.bind(DNNL_ARG_BIAS, bias_->prepare(bound(1), bindings.scratch));
  step_.bind(DNNL_ARG_DST, bindings.dst);
  step_.run(bindings.scratch);
}

}  // namespace petal::cpu
