#include "kernels/cuda/convolution/packed_convolution.h"

#include <optional>

#include "kernels/cuda/convolution/convolution_parts.h"
#include "kernels/cuda/scratch_layout.h"

namespace petal::cuda {
namespace {

// A kernel that holds for good comes into the library's order and type here.
ConvolutionOperands operands_of(const Device& device, const PrepareContext& context,
                                const ConvolutionLayer& layer, const PackedConvolution& convolution) {
  if (!context.constant_weights) return {device, context, layer};
  const Tensor kernel = packed_kernel(convolution.geometry, *context.weights[0]);
  PrepareContext packed = context;
  packed.weights[0] = &kernel;
  ConvolutionLayer rounded = layer;
  rounded.kernel_type = convolution.type;
  return {device, packed, rounded};
}

class PackedKernel final : public DirectedKernel {
 public:
  PackedKernel(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer,
               const PackedConvolution& convolution, std::unique_ptr<PlannedConvolution> planned)
      : DirectedKernel(convolution.direction),
        type_(convolution.type),
        kernel_type_(convolution.kernel_type),
        fusion_(convolution.fusion),
        queue_(device.queue),
        geometry_(convolution.geometry),
        planned_(std::move(planned)),
        arrays_(context),
        operands_(operands_of(device, context, layer, convolution)),
        bias_(device, context, layer),
        src_elements_(convolution.geometry.src.elements()),
        dst_elements_(convolution.geometry.dst.elements()) {
    workspace_at_ = scratch_.add(planned_->workspace_bytes());
    if (!context.constant_weights || direction_ == Direction::backward_weights)
      kernel_at_ = scratch_.add(bytes(geometry_.kernel_elements(), kernel_type_));
    if (fusion_.bias && type_ != DataType::f32) bias_at_ = scratch_.add(bytes(geometry_.dst.channels, type_));
    if (context.src[0].type != type_) src_at_ = scratch_.add(bytes(src_elements_, type_));
    const bool through_dst = context.dst.type != type_;
    if (through_dst || (direction_ != Direction::forward && operands_.has_activation()))
      dst_at_ = scratch_.add(bytes(dst_elements_, type_));
    if (direction_ == Direction::backward_weights) bias_at_ = scratch_.add(bias_.scratch_bytes());
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override { return planned_->name() + (fusion_.any() ? ", fused" : ""); }

 private:
  static std::size_t bytes(Index elements, DataType type) {
    return static_cast<std::size_t>(elements) * size_of(type);
  }

  void forward(const Bindings& b) override {
    std::byte* sums = dst_at_ ? b.scratch + *dst_at_ : b.dst;
    ConvolutionArrays arrays{.src = readable(src(b)), .kernel = readable(kernel(b)), .dst = sums};
    if (fusion_.residual) arrays.residual = b.src[1];
    if (fusion_.bias) arrays.bias = fused_bias(b);
    execute(b, arrays);
    if (fusion_.any()) return;
    if (dst_at_ || operands_.has_epilogue())
      apply_epilogue(queue_, dst_elements_, {sums, type_}, operands_.epilogue(b));
  }

  void backward_data(const Bindings& b) override {
    if (!b.diff_src[0]) return;
    std::byte* diff_src = src_at_ ? b.scratch + *src_at_ : b.diff_src[0];
    execute(b, {.src = diff_src, .kernel = readable(kernel(b)), .dst = readable(gradient(b))});
    if (src_at_) convert(queue_, src_elements_, {diff_src, type_}, arrays_.diff_src(b));
  }

  void backward_weights(const Bindings& b) override {
    std::byte* packed = b.scratch + *kernel_at_;
    execute(b, {.src = readable(src(b)), .kernel = packed, .dst = readable(gradient(b))});
    unpack_kernel(queue_, geometry_, {packed, kernel_type_}, as<float>(b.diff_weights[0]));
    bias_.run(b, operands_.gradient(b), b.scratch + bias_at_);
  }

  // What is read only.
  static std::byte* readable(const std::byte* array) { return const_cast<std::byte*>(array); }

  void execute(const Bindings& b, ConvolutionArrays arrays) {
    arrays.workspace = b.scratch + workspace_at_;
    planned_->run(arrays);
  }

  const std::byte* src(const Bindings& b) const {
    if (!src_at_) return b.src[0];
    convert(queue_, src_elements_, arrays_.src(b), {b.scratch + *src_at_, type_});
    return b.scratch + *src_at_;
  }

  const std::byte* kernel(const Bindings& b) const {
    if (!kernel_at_) return operands_.kernel(b).data;
    pack_kernel(queue_, geometry_, operands_.kernel(b), {b.scratch + *kernel_at_, type_});
    return b.scratch + *kernel_at_;
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

  DataType type_, kernel_type_;
  Fusion fusion_;
  Queue queue_;
  ConvolutionGeometry geometry_;
  std::unique_ptr<PlannedConvolution> planned_;
  ValueArrays arrays_;
  ConvolutionOperands operands_;
  BiasGradient bias_;
  Index src_elements_, dst_elements_;
  ScratchLayout scratch_;
  std::size_t workspace_at_ = 0, bias_at_ = 0;
  std::optional<std::size_t> kernel_at_;        // of one that does not hold for good
  std::optional<std::size_t> src_at_, dst_at_;  // of images that are not where they are bound
};

}  // namespace

DataType convolution_type(const PrepareContext& context, const ConvolutionLayer& layer) {
  const bool magnifies =
      context.direction == Direction::forward && layer.activation == ActivationFunction::exponential;
  return context.src[0].type == context.dst.type && !magnifies ? context.dst.type : DataType::f32;
}

Fusion fusion_of(const ConvolutionLayer& layer, bool residual) {
  const bool relu = layer.activation == ActivationFunction::relu;
  if (!layer.use_bias || !(relu || layer.activation == ActivationFunction::linear)) return {};
  return {.residual = residual, .bias = true, .relu = relu};
}

Fusion convolution_fusion(const PrepareContext& context, const ConvolutionLayer& layer, DataType type) {
  const bool residual = context.node.fused_residual;
  if (context.dst.type != type || (residual && context.src[1].type != type)) return {};
  return fusion_of(layer, residual);
}

std::string plan_key(const ConvolutionGeometry& g, Direction direction, DataType type,
                     const Exactness& exactness, const Fusion& fusion) {
  std::string key = std::string(to_string(direction)) + " " + std::string(to_string(type));
  const Window& w = g.window;
  for (const Index size :
       {g.src.batch, g.src.height, g.src.width, g.src.channels, g.dst.channels, g.groups, w.kernel.height,
        w.kernel.width, w.strides.height, w.strides.width, w.dilation.height, w.dilation.width, w.padding.top,
        w.padding.bottom, w.padding.left, w.padding.right}) {
    key += " " + std::to_string(size);
  }
  for (const auto& [is_set, word] : {std::pair(fusion.residual, " residual"),
                                     {fusion.bias, " bias"},
                                     {fusion.relu, " relu"},
                                     {exactness.tensor_float32, " tf32"},
                                     {exactness.deterministic, " deterministic"}}) {
    if (is_set) key += word;
  }
  return key;
}

std::unique_ptr<Kernel> make_packed_convolution(const Device& device, const PrepareContext& context,
                                                const ConvolutionLayer& layer,
                                                const PackedConvolution& convolution,
                                                std::unique_ptr<PlannedConvolution> planned) {
  return std::make_unique<PackedKernel>(device, context, layer, convolution, std::move(planned));
}

}  // namespace petal::cuda
