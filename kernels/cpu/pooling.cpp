#include "kernels/cpu/pooling.h"

namespace petal::cpu {
namespace {

class PoolingForward final : public Kernel {
 public:
  PoolingForward(dnnl::algorithm algorithm, const Window& window, const Device& device,
                 const PrepareContext& context) {
    const std::string name = where(context.node);
    const Descriptor src = image(context.src[0].shape), dst = image(context.dst.shape);
    const WindowDims dims = {{window.kernel.height, window.kernel.width},
                             {window.strides.height, window.strides.width},
                             {0, 0},
                             {window.padding.top, window.padding.left},
                             {window.padding.bottom, window.padding.right}};
    const auto descriptor =
        PETAL_ONEDNN(name, pooling_forward(device.engine, algorithm, src, dst, dims, attributes()));
    step_ = Step(device, name, descriptor, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}}, scratch_);
  }

  void run(const Bindings& bindings) override {
    step_.bind(DNNL_ARG_SRC, bindings.src[0]);
    step_.bind(DNNL_ARG_DST, bindings.dst);
    step_.run(bindings.scratch);
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return step_.implementation(); }

 private:
  ScratchLayout scratch_;
  Step step_;
};

}  // namespace

KernelPointer prepare_pooling(dnnl::algorithm algorithm, const Window& window, const Device& device,
                              const PrepareContext& context) {
  return std::make_unique<PoolingForward>(algorithm, window, device, context);
}

}  // namespace petal::cpu
