#include <optional>

#include "kernels/cpu/activation_step.h"
#include "kernels/cpu/copy.h"
#include "kernels/cpu/operations.h"

namespace petal::cpu {
namespace {

class ActivationForward final : public Kernel {
 public:
  ActivationForward(const Activation& layer, const Device& device, const PrepareContext& context) {
    const Shape& shape = context.dst.shape;
    step_ = activation_forward(device, where(context.node), layer.function, shape.elements() / shape.back(),
                               shape.back(), scratch_);
  }

  void run(const Bindings& bindings) override {
    step_.bind(DNNL_ARG_SRC, bindings.src[0]);
    step_.bind(DNNL_ARG_DST, bindings.dst);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }
  int in_place_input() const override { return 0; }

 private:
  ScratchLayout scratch_;
  Step step_;
};

class ActivationBackward final : public Kernel {
 public:
  ActivationBackward(const Activation& layer, const Device& device, const PrepareContext& context) {
    const Shape& shape = context.dst.shape;
    step_ = activation_backward(device, where(context.node), layer.function, shape.elements() / shape.back(),
                                shape.back(), scratch_);
  }

  void run(const Bindings& bindings) override {
    if (!bindings.diff_src[0]) return;
    step_.bind(DNNL_ARG_DST, bindings.dst);
    step_.bind(DNNL_ARG_DIFF_DST, bindings.diff_dst);
    step_.bind(DNNL_ARG_DIFF_SRC, bindings.diff_src[0]);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  Step step_;
};

}  // namespace

Support supports(const Activation&, Direction direction) {
  return supports_without_weights(direction);
}

KernelPointer prepare(const Activation& layer, const Device& device, const PrepareContext& context) {
  if (layer.function == ActivationFunction::linear) return prepare_copy(context);
  if (context.direction == Direction::forward) {
    return std::make_unique<ActivationForward>(layer, device, context);
  }
  return std::make_unique<ActivationBackward>(layer, device, context);
}

}  // namespace petal::cpu
