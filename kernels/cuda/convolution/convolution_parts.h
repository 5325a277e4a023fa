#pragma once

#include "kernels/cuda/convolution/convolution.h"

namespace petal::cuda {

// What is around the sums of a convolution, whoever computes these: its weights, its epilogue, the gradients
// of its activation and its bias, and the kernel in cuDNN's order.

class ConvolutionOperands {
 public:
  ConvolutionOperands(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer);

  Numbers kernel(const Bindings& b) const { return weights_.first(b); }
  const float* bias(const Bindings& b) const { return use_bias_ ? weights_(b, 1) : nullptr; }
  Epilogue epilogue(const Bindings& b) const;
  GradientBehind gradient(const Bindings& b) const {
    return {arrays_.diff_dst(b), arrays_.computed(b), activation_};
  }
  bool has_epilogue() const { return use_bias_ || fused_residual_ || has_activation(); }
  bool has_activation() const { return activation_ != ActivationFunction::linear; }

 private:
  ValueArrays arrays_;
  WeightArrays weights_;
  bool use_bias_, fused_residual_;
  ActivationFunction activation_;
  Index channels_;
};

// The gradient of the bias: the sum of the gradient's rows. Nothing where there is no bias.
class BiasGradient {
 public:
  BiasGradient(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer);
  std::size_t scratch_bytes() const { return present_ ? partial_sums_bytes(split_, 1) : 0; }
  void run(const Bindings& b, const GradientBehind& gradient, std::byte* scratch) const;

 private:
  Queue queue_;
  ColumnSplit split_;
  bool present_;
};

// (KH, KW, C, F) to (F, KH, KW, C) and back; C is a group's.
void pack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const Numbers& kernel,
                 const Results& packed);
void unpack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const Numbers& packed,
                   float* kernel);
// The first, of numbers of the host.
Tensor packed_kernel(const ConvolutionGeometry& geometry, const Tensor& kernel);
// The epilogue's dst gets what it makes of the sums, which may lie there.
void apply_epilogue(const Queue& queue, Index elements, const Numbers& sums, const Epilogue& epilogue);
// dst = gradient.
void assign_gradient(const Queue& queue, Index elements, const GradientBehind& gradient, const Results& dst);
// dst = src, rounded where dst holds halves.
void convert(const Queue& queue, Index elements, const Numbers& src, const Results& dst);

}  // namespace petal::cuda
