#include "kernels/cpu/activation_step.h"

#include <limits>

#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

using dnnl::algorithm;

// The functions that an epilogue makes of two operations.
std::vector<Eltwise> chain(ActivationFunction function) {
  if (function == ActivationFunction::linear) return {};
  if (function == ActivationFunction::selu) {
    return {{algorithm::eltwise_elu, static_cast<float>(selu_alpha)},
            {algorithm::eltwise_linear, static_cast<float>(selu_scale)}};
  }
  if (function == ActivationFunction::hard_sigmoid) {
    return {{algorithm::eltwise_linear, 1.0f / 6.0f, 0.5f}, {algorithm::eltwise_clip_v2, 0.0f, 1.0f}};
  }
  return {eltwise(function).value().forward};
}

class EltwiseKernel final : public Kernel {
 public:
  EltwiseKernel(const EltwisePair& operation, const Device& device, const PrepareContext& context)
      : forward_(context.direction == Direction::forward),
        value_(forward_ || backward_needs(context.node.layer).src ? DNNL_ARG_SRC : DNNL_ARG_DST) {
    const std::int64_t channels = context.dst.shape.back(), rows = context.dst.shape.elements() / channels;
    const std::string name = where(context.node);
    step_ = forward_ ? eltwise_step(device, name, operation.forward, rows, channels, scratch_)
                     : eltwise_backward_step(device, name, operation.backward, value_, matrix(rows, channels),
                                             scratch_);
  }

  void run(const Bindings& bindings) override {
    step_.bind(value_, value_ == DNNL_ARG_SRC ? bindings.src[0] : bindings.dst);
    if (forward_) {
      step_.bind(DNNL_ARG_DST, bindings.dst);
    } else {
      if (!bindings.diff_src[0]) return;
      step_.bind(DNNL_ARG_DIFF_DST, bindings.diff_dst);
      step_.bind(DNNL_ARG_DIFF_SRC, bindings.diff_src[0]);
    }
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }
  int in_place_input() const override { return forward_ ? 0 : -1; }

 private:
  bool forward_;
  int value_;
  ScratchLayout scratch_;
  Step step_;
};

}  // namespace

std::optional<Cut> cut_of(ActivationFunction function) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  if (function == ActivationFunction::linear) return Cut{-infinity, infinity};
  if (function == ActivationFunction::relu) return Cut{0.0f, infinity};
  if (function == ActivationFunction::relu6) return Cut{0.0f, 6.0f};
  return std::nullopt;
}

std::optional<EltwisePair> eltwise(ActivationFunction function) {
  const auto both = [](algorithm same, float alpha = 0, float beta = 0) {
    return EltwisePair{{same, alpha, beta}, {same, alpha, beta}};
  };
  const auto slope = static_cast<float>(leaky_relu_slope);
  switch (function) {
    case ActivationFunction::relu:
      return EltwisePair{{algorithm::eltwise_relu}, {algorithm::eltwise_relu_use_dst_for_bwd}};
    case ActivationFunction::relu6:
      // Version 2 of clip: its gradient is zero at 0 and at 6, as Keras's.
      return EltwisePair{{algorithm::eltwise_clip_v2, 0.0f, 6.0f},
                         {algorithm::eltwise_clip_v2_use_dst_for_bwd, 0.0f, 6.0f}};
    case ActivationFunction::leaky_relu:
      return EltwisePair{{algorithm::eltwise_relu, slope}, {algorithm::eltwise_relu_use_dst_for_bwd, slope}};
    case ActivationFunction::elu:
      return EltwisePair{{algorithm::eltwise_elu, 1.0f}, {algorithm::eltwise_elu_use_dst_for_bwd, 1.0f}};
    case ActivationFunction::sigmoid:
      return EltwisePair{{algorithm::eltwise_logistic}, {algorithm::eltwise_logistic_use_dst_for_bwd}};
    case ActivationFunction::tanh:
      return EltwisePair{{algorithm::eltwise_tanh}, {algorithm::eltwise_tanh_use_dst_for_bwd}};
    case ActivationFunction::exponential:
      return EltwisePair{{algorithm::eltwise_exp}, {algorithm::eltwise_exp_use_dst_for_bwd}};
    case ActivationFunction::silu:
      return both(algorithm::eltwise_swish, 1.0f);
    case ActivationFunction::softplus:
      return both(algorithm::eltwise_soft_relu, 1.0f);
    case ActivationFunction::gelu:
      return both(algorithm::eltwise_gelu_erf);
    case ActivationFunction::mish:
      return both(algorithm::eltwise_mish);
    case ActivationFunction::hard_silu:
      return both(algorithm::eltwise_hardswish, 1.0f / 6.0f, 0.5f);
    default:
      return std::nullopt;
  }
}

dnnl::post_ops epilogue(bool residual, ActivationFunction activation) {
  dnnl::post_ops operations;
  if (residual) operations.append_sum(1.0f);
  for (const Eltwise& operation : chain(activation)) {
    append_eltwise(operations, operation.algorithm, operation.alpha, operation.beta);
  }
  return operations;
}

Support supports_fused(ActivationFunction activation, Direction direction) {
  const bool fits =
      direction == Direction::forward ? is_epilogue(activation) : is_training_epilogue(activation);
  if (fits) return {};
  return {false, "its activation, which split_activations makes a node of its own"};
}

Step eltwise_step(const Device& device, const std::string& where, const Eltwise& operation, std::int64_t rows,
                  std::int64_t channels, ScratchLayout& scratch) {
  const Descriptor data = matrix(rows, channels);
  const auto descriptor = PETAL_ONEDNN(where, eltwise_forward(device.engine, operation.algorithm, data,
                                                              operation.alpha, operation.beta, attributes()));
  return Step(device, where, descriptor, {{DNNL_ARG_SRC, data}, {DNNL_ARG_DST, data}}, scratch);
}

Step eltwise_backward_step(const Device& device, const std::string& where, const Eltwise& operation,
                           int value, const Descriptor& data, ScratchLayout& scratch) {
  const Step::Arguments arguments = {{value, data}, {DNNL_ARG_DIFF_DST, data}, {DNNL_ARG_DIFF_SRC, data}};
  const auto descriptor =
      PETAL_ONEDNN(where, eltwise_backward(device.engine, operation.algorithm, data, operation.alpha,
                                           operation.beta, attributes()));
  return Step(device, where, descriptor, arguments, scratch);
}

std::unique_ptr<Kernel> prepare_eltwise(const EltwisePair& operation, const Device& device,
                                        const PrepareContext& context) {
  return std::make_unique<EltwiseKernel>(operation, device, context);
}

}  // namespace petal::cpu
