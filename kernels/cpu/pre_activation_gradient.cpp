#include "kernels/cpu/pre_activation_gradient.h"

#include "kernels/cpu/activation_step.h"

namespace petal::cpu {

PreActivationGradient::PreActivationGradient(ActivationFunction activation, const Device& device,
                                             const PrepareContext& context, ScratchLayout& scratch) {
  if (activation == ActivationFunction::linear) return;
  const Shape& dst = context.dst.shape;
  // supports_fused lets only those through that read dst.
  step_ =
      eltwise_backward_step(device, where(context.node), eltwise(activation).value().backward, DNNL_ARG_DST,
                            matrix(dst.elements() / dst.back(), dst.back(), context.dst.type), scratch);
  offset_ = scratch.add(context.dst.bytes());
}

const std::byte* PreActivationGradient::run(const Bindings& bindings) {
  if (!step_) return bindings.diff_dst;
  std::byte* gradient = bindings.scratch + offset_;
  step_->bind(DNNL_ARG_DST, bindings.dst);
  step_->bind(DNNL_ARG_DIFF_DST, bindings.diff_dst);
  step_->bind(DNNL_ARG_DIFF_SRC, gradient);
  step_->run(bindings.scratch);
  return gradient;
}

}  // namespace petal::cpu
