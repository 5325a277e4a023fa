#include "kernels/cuda/convolution/cudnn_convolution.h"

#include <array>
#include <optional>
#include <vector>

#include "kernels/cuda/convolution/convolution_parts.h"
#include "kernels/cuda/scratch_layout.h"

namespace petal::cuda {
namespace {

class CudnnConvolution final : public Kernel {
 public:
  CudnnConvolution(const Device& device, std::shared_ptr<cudnnContext> handle, const PrepareContext& context,
                   const ConvolutionLayer& layer, DataType type, ConvolutionPlan plan)
      : where_(context.node.name),
        direction_(context.direction),
        type_(type),
        queue_(device.queue),
        handle_(std::move(handle)),
        geometry_(layer.geometry),
        plan_(std::move(plan)),
        arrays_(context),
        operands_(device, context, layer),
        bias_(device, context, layer),
        src_elements_(layer.geometry.src.elements()),
        dst_elements_(layer.geometry.dst.elements()) {
    workspace_at_ = scratch_.add(plan_.engine.workspace_bytes);
    const std::size_t kernel_bytes = bytes(geometry_.kernel_elements(), plan_.kernel_type);
    if (context.constant_weights && direction_ != Direction::backward_weights) {
      constant_kernel_ = DeviceArray(device.memory, kernel_bytes);
      pack_kernel(queue_, geometry_, operands_.kernel(Bindings{}), {constant_kernel_.data(), type_});
    } else {
      kernel_at_ = scratch_.add(kernel_bytes);
    }
    if (plan_.fusion.bias && type_ != DataType::f32)
      bias_at_ = scratch_.add(bytes(geometry_.dst.channels, type_));
    if (context.src[0].type != type_) src_at_ = scratch_.add(bytes(src_elements_, type_));
    const bool through_dst = context.dst.type != type_;
    if (through_dst || (direction_ != Direction::forward && operands_.has_activation()))
      dst_at_ = scratch_.add(bytes(dst_elements_, type_));
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
  std::string implementation() const override {
    return plan_.engine.name + (plan_.fusion.any() ? ", fused" : "");
  }

 private:
  static std::size_t bytes(Index elements, DataType type) {
    return static_cast<std::size_t>(elements) * size_of(type);
  }

  void forward(const Bindings& b) {
    std::byte* sums = dst_at_ ? b.scratch + *dst_at_ : b.dst;
    Arrays arrays = {src(b), packed_kernel(b), sums};
    if (plan_.fusion.residual) arrays.residual = b.src[1];
    if (plan_.fusion.bias) arrays.bias = fused_bias(b);
    execute(b, arrays);
    if (plan_.fusion.any()) return;
    if (dst_at_ || operands_.has_epilogue())
      apply_epilogue(queue_, dst_elements_, {sums, type_}, operands_.epilogue(b));
  }

  void backward_data(const Bindings& b) {
    if (!b.diff_src[0]) return;
    std::byte* diff_src = src_at_ ? b.scratch + *src_at_ : b.diff_src[0];
    execute(b, {diff_src, packed_kernel(b), gradient(b)});
    if (src_at_) convert(queue_, src_elements_, {diff_src, type_}, arrays_.diff_src(b));
  }

  void backward_weights(const Bindings& b) {
    std::byte* packed = b.scratch + kernel_at_;
    execute(b, {src(b), packed, gradient(b)});
    unpack_kernel(queue_, geometry_, {packed, plan_.kernel_type}, as<float>(b.diff_weights[0]));
    bias_.run(b, operands_.gradient(b), b.scratch + bias_at_);
  }

  const std::byte* src(const Bindings& b) const {
    if (!src_at_) return b.src[0];
    convert(queue_, src_elements_, arrays_.src(b), {b.scratch + *src_at_, type_});
    return b.scratch + *src_at_;
  }

  const std::byte* packed_kernel(const Bindings& b) const {
    if (constant_kernel_.size() > 0) return constant_kernel_.data();
    pack_kernel(queue_, geometry_, operands_.kernel(b), {b.scratch + kernel_at_, type_});
    return b.scratch + kernel_at_;
  }

  const std::byte* fused_bias(const Bindings& b) const {
    const float* bias = operands_.bias(b);
    if (type_ == DataType::f32) return reinterpret_cast<const std::byte*>(bias);
    convert(queue_, geometry_.dst.channels, bias, {b.scratch + bias_at_, type_});
    return b.scratch + bias_at_;
  }

  // The gradient before the activation.
  const std::byte* gradient(const Bindings& b) const {
    if (!dst_at_) return b.diff_dst;
    assign_gradient(queue_, dst_elements_, operands_.gradient(b), {b.scratch + *dst_at_, type_});
    return b.scratch + *dst_at_;
  }

  // What cuDNN reads and writes: which of the first three is its result, its operation says.
  struct Arrays {
    const std::byte *src, *kernel, *dst, *residual = nullptr, *bias = nullptr;
  };
  void execute(const Bindings& b, const Arrays& arrays) {
    const Pointers pointers = {arrays.src,      arrays.kernel, arrays.dst,
                               arrays.residual, arrays.bias,   b.scratch + workspace_at_};
    if (!pack_ || pointers != bound_) bind(pointers);
    PETAL_CUDNN(where_, cudnnBackendExecute(handle_.get(), plan_.plan.get(), pack_->get()));
  }

  // A plan binds a kernel to the same arrays in every run: this happens in the first.
  using Pointers = std::array<const std::byte*, 6>;
  void bind(const Pointers& pointers) {
    std::vector<std::int64_t> numbers;
    std::vector<void*> data;
    const auto add = [&](ConvolutionArray number, const std::byte* array) {
      numbers.push_back(static_cast<std::int64_t>(number));
      data.push_back(const_cast<std::byte*>(array));
    };
    add(ConvolutionArray::src, pointers[0]);
    add(ConvolutionArray::kernel, pointers[1]);
    add(ConvolutionArray::dst, pointers[2]);
    if (pointers[3]) add(ConvolutionArray::residual, pointers[3]);
    if (pointers[4]) add(ConvolutionArray::bias, pointers[4]);
    void* workspace = const_cast<std::byte*>(pointers[5]);
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, std::span<const std::int64_t>(numbers))
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::span<void* const>(data))
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, {workspace})
        .finalize();
    pack_ = std::move(pack);
    bound_ = pointers;
  }

  std::string where_;
  Direction direction_;
  DataType type_;
  Queue queue_;
  std::shared_ptr<cudnnContext> handle_;
  ConvolutionGeometry geometry_;
  ConvolutionPlan plan_;
  ValueArrays arrays_;
  ConvolutionOperands operands_;
  BiasGradient bias_;
  Index src_elements_, dst_elements_;
  ScratchLayout scratch_;
  std::size_t workspace_at_ = 0, kernel_at_ = 0, bias_at_ = 0;
  std::optional<std::size_t> src_at_, dst_at_;  // of images that are not where they are bound
  DeviceArray constant_kernel_;
  std::optional<Descriptor> pack_;
  Pointers bound_{};
};

}  // namespace

DataType convolution_type(const PrepareContext& context) {
  return context.src[0].type == context.dst.type ? context.dst.type : DataType::f32;
}

Fusion convolution_fusion(const PrepareContext& context, const ConvolutionLayer& layer, DataType type) {
  const bool residual = context.node.fused_residual;
  if (context.dst.type != type || (residual && context.src[1].type != type)) return {};
  return fusion_of(layer, residual);
}

std::unique_ptr<Kernel> make_cudnn_convolution(const Device& device, std::shared_ptr<cudnnContext> handle,
                                               const PrepareContext& context, const ConvolutionLayer& layer,
                                               DataType type, ConvolutionPlan plan) {
  return std::make_unique<CudnnConvolution>(device, std::move(handle), context, layer, type, std::move(plan));
}

}  // namespace petal::cuda
