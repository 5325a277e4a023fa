#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {

Support supports(const ELU&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const ELU& layer, const Device& device, const PrepareContext& context) {
  const auto backward =
      backward_needs(layer).src ? dnnl::algorithm::eltwise_elu : dnnl::algorithm::eltwise_elu_use_dst_for_bwd;
  return prepare_eltwise({{dnnl::algorithm::eltwise_elu, layer.alpha}, {backward, layer.alpha}}, device,
                         context);
}

}  // namespace petal::cpu
