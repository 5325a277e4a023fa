#include "kernels/cpu/activation_step.h"

namespace petal::cpu {
namespace {

struct Eltwise {
  dnnl::algorithm forward, backward;  // the backward one reads forward's result
  float alpha = 0, beta = 0;
};

Eltwise eltwise(ActivationFunction function) {
  using dnnl::algorithm;
  switch (function) {
    case ActivationFunction::relu:
      return {algorithm::eltwise_relu, algorithm::eltwise_relu_use_dst_for_bwd};
    case ActivationFunction::relu6:
      // Version 2 of clip: its gradient is zero at 0 and at 6, as Keras's.
      return {algorithm::eltwise_clip_v2, algorithm::eltwise_clip_v2_use_dst_for_bwd, 0.0f, 6.0f};
    case ActivationFunction::sigmoid:
      return {algorithm::eltwise_logistic, algorithm::eltwise_logistic_use_dst_for_bwd};
    case ActivationFunction::linear:
    case ActivationFunction::softmax:
      break;
  }
  return {algorithm::eltwise_linear, algorithm::eltwise_linear, 1.0f, 0.0f};
}

}  // namespace

dnnl::post_ops epilogue(bool residual, ActivationFunction activation) {
  dnnl::post_ops operations;
  if (residual) operations.append_sum(1.0f);
  if (activation != ActivationFunction::linear) {
    const Eltwise operation = eltwise(activation);
    append_eltwise(operations, operation.forward, operation.alpha, operation.beta);
  }
  return operations;
}

Support supports_fused(ActivationFunction activation) {
  if (activation != ActivationFunction::softmax) return {};
  return {false, "softmax is not elementwise; split_softmax makes it a node of its own"};
}

Step activation_forward(const Device& device, const std::string& where, ActivationFunction function,
                        std::int64_t rows, std::int64_t channels, ScratchLayout& scratch) {
  const Descriptor data = matrix(rows, channels);
  const Step::Arguments arguments = {{DNNL_ARG_SRC, data}, {DNNL_ARG_DST, data}};
  if (function == ActivationFunction::softmax) {
    const auto descriptor = PETAL_ONEDNN(where, softmax_forward(device.engine, data, 1, attributes()));
    return Step(device, where, descriptor, arguments, scratch);
  }
  const Eltwise operation = eltwise(function);
  const auto descriptor = PETAL_ONEDNN(where, eltwise_forward(device.engine, operation.forward, data,
                                                              operation.alpha, operation.beta, attributes()));
  return Step(device, where, descriptor, arguments, scratch);
}

Step activation_backward(const Device& device, const std::string& where, ActivationFunction function,
                         std::int64_t rows, std::int64_t channels, ScratchLayout& scratch) {
  const Descriptor data = matrix(rows, channels);
  const Step::Arguments arguments = {
      {DNNL_ARG_DST, data}, {DNNL_ARG_DIFF_DST, data}, {DNNL_ARG_DIFF_SRC, data}};
  const Eltwise operation = eltwise(function);
  const auto descriptor =
      PETAL_ONEDNN(where, eltwise_backward(device.engine, operation.backward, data, operation.alpha,
                                           operation.beta, attributes()));
  return Step(device, where, descriptor, arguments, scratch);
}

}  // namespace petal::cpu
