#include "kernels/cuda/dense/dense_kernel.h"

#include <optional>

#include "kernels/cuda/convolution/convolution_parts.h"
#include "kernels/cuda/scratch_layout.h"

namespace petal::cuda {
namespace {

class DenseKernel final : public DirectedKernel {
 public:
  DenseKernel(const Device& device, const PrepareContext& context, const Dense& layer,
              const MatrixProduct& product, std::shared_ptr<const PlannedProduct> planned)
      : DirectedKernel(context.direction),
        queue_(device.queue),
        product_(product),
        planned_(std::move(planned)),
        operands_(device, context, convolution_of(layer, context)),
        bias_gradient_(device, context, convolution_of(layer, context)),
        dst_elements_(context.dst.shape.elements()) {
    workspace_at_ = scratch_.add(planned_->workspace_bytes());
    if (direction_ == Direction::forward) {
      if (context.dst.type != product.result.type) dst_at_ = add_dst(product.result.type);
      return;
    }
    if (context.dst.type != product.a.type || operands_.has_activation()) dst_at_ = add_dst(product.a.type);
    if (direction_ == Direction::backward_weights && !product.sums_rows_of_a)
      bias_gradient_at_ = scratch_.add(bias_gradient_.scratch_bytes());
  }

  std::size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::string implementation() const override {
    return planned_->name() + (product_.is_fused() ? ", fused" : "");
  }

 private:
  std::size_t add_dst(DataType type) {
    return scratch_.add(static_cast<std::size_t>(dst_elements_) * size_of(type));
  }

  void forward(const Bindings& b) override {
    std::byte* sums = dst_at_ ? b.scratch + *dst_at_ : b.dst;
    planned_->run({.a = operands_.kernel(b).data,
                   .b = b.src[0],
                   .result = sums,
                   .residual = product_.adds_residual ? b.src[1] : nullptr,
                   .bias = product_.adds_bias ? operands_.bias(b) : nullptr,
                   .workspace = b.scratch + workspace_at_});
    if (product_.is_fused()) return;
    if (dst_at_ || operands_.has_epilogue())
      apply_epilogue(queue_, dst_elements_, {sums, product_.result.type}, operands_.epilogue(b));
  }

  void backward_data(const Bindings& b) override {
    if (!b.diff_src[0]) return;
    planned_->run({.a = operands_.kernel(b).data,
                   .b = gradient(b),
                   .result = b.diff_src[0],
                   .workspace = b.scratch + workspace_at_});
  }

  void backward_weights(const Bindings& b) override {
    planned_->run({.a = gradient(b),
                   .b = b.src[0],
                   .result = b.diff_weights[0],
                   .row_sums = product_.sums_rows_of_a ? as<float>(b.diff_weights[1]) : nullptr,
                   .workspace = b.scratch + workspace_at_});
    if (!product_.sums_rows_of_a) bias_gradient_.run(b, operands_.gradient(b), b.scratch + bias_gradient_at_);
  }

  // The gradient before the activation, of the factors' type.
  const std::byte* gradient(const Bindings& b) const {
    if (!dst_at_) return b.diff_dst;
    assign_gradient(queue_, dst_elements_, operands_.gradient(b), {b.scratch + *dst_at_, product_.a.type});
    return b.scratch + *dst_at_;
  }

  Queue queue_;
  MatrixProduct product_;
  std::shared_ptr<const PlannedProduct> planned_;
  ConvolutionOperands operands_;
  BiasGradient bias_gradient_;
  Index dst_elements_;
  ScratchLayout scratch_;
  std::size_t workspace_at_ = 0, bias_gradient_at_ = 0;
  std::optional<std::size_t> dst_at_;  // of sums or gradients that are not where they are bound
};

}  // namespace

ConvolutionLayer convolution_of(const Dense& layer, const PrepareContext& context) {
  const Shape& src = context.src[0].shape;
  const Index rows = src.elements() / src.back();
  const Window pixel{
      .input = {1, 1}, .output = {1, 1}, .kernel = {1, 1}, .strides = {1, 1}, .dilation = {1, 1}};
  return {.geometry = {Image(rows, src.back()), Image(rows, layer.units), pixel},
          .use_bias = layer.use_bias,
          .activation = layer.activation,
          .kernel_type = kernel_type_of(context)};
}

std::unique_ptr<Kernel> make_dense_kernel(const Device& device, const PrepareContext& context,
                                          const Dense& layer, const MatrixProduct& product,
                                          std::shared_ptr<const PlannedProduct> planned) {
  return std::make_unique<DenseKernel>(device, context, layer, product, std::move(planned));
}

}  // namespace petal::cuda
