#include "kernels/cuda/convolution.h"

namespace petal::cuda {
namespace {

using Bound = const Bindings&;

GradientBehind gradient_of(Bound b, ActivationFunction activation) {
  return {as<float>(b.diff_dst), as<float>(b.dst), activation};
}

// The gradient of the bias: the sum of the gradient's rows.
class BiasGradient {
 public:
  BiasGradient(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer)
      : queue_(device.queue),
        activation_(layer.activation),
        split_(
            column_split(context.dst.shape.elements() / context.dst.shape.back(), context.dst.shape.back())),
        present_(layer.use_bias) {}
  std::size_t scratch_bytes() const { return present_ ? partial_sums_bytes(split_, 1) : 0; }
  void run(Bound b) const {
    if (!present_) return;
    sum_columns<1>(queue_, split_, ColumnTerm<GradientBehind>{gradient_of(b, activation_), split_.columns},
                   KeepSum{as<float>(b.diff_weights[1])}, b.scratch);
  }

 private:
  Queue queue_;
  ActivationFunction activation_;
  ColumnSplit split_;
  bool present_;
};

// What forward and data gradients of both kinds share: where weights and the epilogue come from.
class Operands {
 public:
  Operands(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer)
      : weights_(device, context),
        use_bias_(layer.use_bias),
        fused_residual_(context.node.fused_residual),
        activation_(layer.activation),
        channels_(context.dst.shape.back()) {}
  const float* kernel(Bound b) const { return weights_(b, 0); }
  Epilogue epilogue(Bound b) const {
    return {use_bias_ ? weights_(b, 1) : nullptr, fused_residual_ ? as<float>(b.src[1]) : nullptr,
            activation_, channels_, as<float>(b.dst)};
  }

 private:
  WeightArrays weights_;
  bool use_bias_, fused_residual_;
  ActivationFunction activation_;
  Index channels_;
};

// The kernel's gradient, the sum over the geometry's dst of products that `term` makes of the bindings.
template <class MakeTerm>
KernelPointer prepare_kernel_gradient(const Device& device, const PrepareContext& context,
                                      const ConvolutionLayer& layer, MakeTerm make_term) {
  const Image dst = layer.geometry.dst;
  const ColumnSplit split =
      column_split(dst.batch * dst.height * dst.width, layer.geometry.kernel_elements());
  const BiasGradient bias(device, context, layer);
  const Queue queue = device.queue;
  return launches(
      [=](Bound b) {
        sum_columns<1>(queue, split, make_term(b), KeepSum{as<float>(b.diff_weights[0])}, b.scratch);
        bias.run(b);
      },
      {.implementation = "own direct",
       .scratch_bytes = std::max(partial_sums_bytes(split, 1), bias.scratch_bytes())});
}

}  // namespace

KernelPointer prepare_convolution(const Device& device, const PrepareContext& context,
                                  const ConvolutionLayer& layer) {
  const ConvolutionGeometry geometry = layer.geometry;
  const ActivationFunction activation = layer.activation;
  const Queue queue = device.queue;
  if (context.direction == Direction::backward_weights) {
    return prepare_kernel_gradient(device, context, layer, [=](Bound b) {
      return KernelGradientTerm<Values, GradientBehind>{
          geometry, {as<float>(b.src[0])}, gradient_of(b, activation)};
    });
  }
  const Operands operands(device, context, layer);
  if (context.direction == Direction::backward_data) {
    return launches(
        [=](Bound b) {
          if (!b.diff_src[0]) return;
          for_each(queue, geometry.src.elements(),
                   ConvolutionBackwardData<GradientBehind, Assign>{
                       geometry, gradient_of(b, activation), operands.kernel(b), {as<float>(b.diff_src[0])}});
        },
        {.implementation = "own direct"});
  }
  return launches(
      [=](Bound b) {
        for_each(queue, geometry.dst.elements(),
                 ConvolutionForward<Values, Epilogue>{
                     geometry, {as<float>(b.src[0])}, operands.kernel(b), operands.epilogue(b)});
      },
      {.implementation = "own direct"});
}

KernelPointer prepare_transposed(const Device& device, const PrepareContext& context,
                                 const ConvolutionLayer& layer) {
  const ConvolutionGeometry geometry = layer.geometry;
  const ActivationFunction activation = layer.activation;
  const Queue queue = device.queue;
  if (context.direction == Direction::backward_weights) {
    return prepare_kernel_gradient(device, context, layer, [=](Bound b) {
      return KernelGradientTerm<GradientBehind, Values>{
          geometry, gradient_of(b, activation), {as<float>(b.src[0])}};
    });
  }
  const Operands operands(device, context, layer);
  if (context.direction == Direction::backward_data) {
    return launches(
        [=](Bound b) {
          if (!b.diff_src[0]) return;
          for_each(queue, geometry.dst.elements(),
                   ConvolutionForward<GradientBehind, Assign>{
                       geometry, gradient_of(b, activation), operands.kernel(b), {as<float>(b.diff_src[0])}});
        },
        {.implementation = "own direct"});
  }
  return launches(
      [=](Bound b) {
        for_each(queue, geometry.src.elements(),
                 ConvolutionBackwardData<Values, Epilogue>{
                     geometry, {as<float>(b.src[0])}, operands.kernel(b), operands.epilogue(b)});
      },
      {.implementation = "own direct"});
}

Support supports_fused(ActivationFunction activation, Direction direction) {
  if (direction == Direction::forward ? is_epilogue(activation) : is_training_epilogue(activation)) return {};
  return {false, "its activation, which split_activations makes a node of its own"};
}

}  // namespace petal::cuda
