#include "kernels/cuda/convolution/cudnn_convolution.h"

#include <array>

#include "kernels/cuda/convolution/convolution_parts.h"

namespace petal::cuda {
namespace {

// Pieces of scratch, one behind the other.
class ScratchLayout {
 public:
  std::size_t add(std::size_t bytes) {
    const std::size_t offset = bytes_;
    bytes_ += (bytes + alignment - 1) / alignment * alignment;
    return offset;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t alignment = 256;  // as scratch itself
  std::size_t bytes_ = 0;
};

class CudnnConvolution final : public Kernel {
 public:
  CudnnConvolution(const Device& device, std::shared_ptr<cudnnContext> handle, const PrepareContext& context,
                   const ConvolutionLayer& layer, ConvolutionPlan plan)
      : where_(context.node.name),
        direction_(context.direction),
        queue_(device.queue),
        handle_(std::move(handle)),
        geometry_(layer.geometry),
        plan_(std::move(plan)),
        operands_(device, context, layer),
        bias_(device, context, layer),
        dst_elements_(layer.geometry.dst.elements()) {
    const auto kernel_bytes = static_cast<std::size_t>(geometry_.kernel_elements()) * sizeof(float);
    workspace_at_ = scratch_.add(plan_.engine.workspace_bytes);
    if (context.constant_weights && direction_ != Direction::backward_weights) {
      constant_kernel_ = DeviceArray(device.memory, kernel_bytes);
      pack_kernel(queue_, geometry_, operands_.kernel(Bindings{}), constant_kernel_.floats());
    } else {
      kernel_at_ = scratch_.add(kernel_bytes);
    }
    if (direction_ == Direction::forward) return;
    if (operands_.has_activation())
      gradient_at_ = scratch_.add(static_cast<std::size_t>(dst_elements_) * sizeof(float));
    if (direction_ == Direction::backward_weights) bias_at_ = scratch_.add(bias_.scratch_bytes());
  }

  void run(const Bindings& b) override {
    switch (direction_) {
      case Direction::forward:
        return forward(b);
      case Direction::backward_data:
        return backward_data(b);
      case Direction::backward_weights:
        return backward_weights(b);
    }
  }
  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return plan_.engine.name; }

 private:
  void forward(const Bindings& b) {
    execute(b, b.src[0], packed_kernel(b), b.dst);
    if (operands_.has_epilogue()) apply_epilogue(queue_, dst_elements_, operands_.epilogue(b));
  }

  void backward_data(const Bindings& b) {
    if (!b.diff_src[0]) return;
    execute(b, b.diff_src[0], packed_kernel(b), gradient(b));
  }

  void backward_weights(const Bindings& b) {
    float* packed = as<float>(b.scratch + kernel_at_);
    execute(b, b.src[0], packed, gradient(b));
    unpack_kernel(queue_, geometry_, packed, as<float>(b.diff_weights[0]));
    bias_.run(b, operands_.gradient(b), b.scratch + bias_at_);
  }

  const float* packed_kernel(const Bindings& b) const {
    if (constant_kernel_.size() > 0) return constant_kernel_.floats();
    float* packed = as<float>(b.scratch + kernel_at_);
    pack_kernel(queue_, geometry_, operands_.kernel(b), packed);
    return packed;
  }

  // The gradient before the activation.
  const std::byte* gradient(const Bindings& b) const {
    if (!operands_.has_activation()) return b.diff_dst;
    assign_gradient(queue_, dst_elements_, operands_.gradient(b), as<float>(b.scratch + gradient_at_));
    return b.scratch + gradient_at_;
  }

  // cuDNN writes to whichever of the three its operation has as its result.
  void execute(const Bindings& b, const void* src, const void* kernel, const void* dst) {
    const Pointers pointers = {const_cast<void*>(src), const_cast<void*>(kernel), const_cast<void*>(dst),
                               b.scratch + workspace_at_};
    if (!pack_ || pointers != bound_) bind(pointers);
    PETAL_CUDNN(where_, cudnnBackendExecute(handle_.get(), plan_.plan.get(), pack_->get()));
  }

  // A plan binds a kernel to the same arrays in every run: this happens in the first.
  using Pointers = std::array<void*, 4>;
  void bind(const Pointers& pointers) {
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64,
             {static_cast<std::int64_t>(ConvolutionArray::src),
              static_cast<std::int64_t>(ConvolutionArray::kernel),
              static_cast<std::int64_t>(ConvolutionArray::dst)})
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
             {pointers[0], pointers[1], pointers[2]})
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, {pointers[3]})
        .finalize();
    pack_ = std::move(pack);
    bound_ = pointers;
  }

  std::string where_;
  Direction direction_;
  Queue queue_;
  std::shared_ptr<cudnnContext> handle_;
  ConvolutionGeometry geometry_;
  ConvolutionPlan plan_;
  ConvolutionOperands operands_;
  BiasGradient bias_;
  Index dst_elements_;
  ScratchLayout scratch_;
  std::size_t workspace_at_ = 0, kernel_at_ = 0, gradient_at_ = 0, bias_at_ = 0;
  DeviceArray constant_kernel_;
  std::optional<Descriptor> pack_;
  Pointers bound_{};
};

}  // namespace

std::unique_ptr<Kernel> make_cudnn_convolution(const Device& device, std::shared_ptr<cudnnContext> handle,
                                               const PrepareContext& context, const ConvolutionLayer& layer,
                                               ConvolutionPlan plan) {
  return std::make_unique<CudnnConvolution>(device, std::move(handle), context, layer, std::move(plan));
}

}  // namespace petal::cuda
