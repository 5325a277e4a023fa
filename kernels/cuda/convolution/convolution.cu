#include "engine/value_types.h"
#include "kernels/cuda/convolution/convolution_parts.h"
#include "kernels/cuda/convolution/depthwise_forward.h"

namespace petal::cuda {
namespace {

using Bound = const Bindings&;

// The kernel's gradient, the sum over the geometry's dst of products that `term` makes of the bindings.
template <class MakeTerm>
KernelPointer prepare_kernel_gradient(const Device& device, const PrepareContext& context,
                                      const ConvolutionLayer& layer, MakeTerm make_term) {
  const Image dst = layer.geometry.dst;
  const ColumnSplit split =
      column_split(dst.batch * dst.height * dst.width, layer.geometry.kernel_elements());
  const BiasGradient bias(device, context, layer);
  const ConvolutionOperands operands(device, context, layer);
  const Queue queue = device.queue;
  return launches(
      [=](Bound b) {
        sum_columns<1>(queue, split, make_term(b, operands.gradient(b)),
                       KeepSum{as<float>(b.diff_weights[0])}, b.scratch);
        bias.run(b, operands.gradient(b), b.scratch);
      },
      {.implementation = "own direct",
       .scratch_bytes = std::max(partial_sums_bytes(split, 1), bias.scratch_bytes())});
}

}  // namespace

KernelPointer prepare_convolution(const Device& device, const PrepareContext& context,
                                  const ConvolutionLayer& layer) {
  if (device.libraries) {
    if (KernelPointer kernel = device.libraries->prepare_convolution(device, context, layer)) return kernel;
  }
  const ConvolutionGeometry geometry = layer.geometry;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::backward_weights) {
    return prepare_kernel_gradient(device, context, layer, [=](Bound b, const GradientBehind& gradient) {
      return KernelGradientTerm<Values, GradientBehind>{geometry, {arrays.src(b)}, gradient};
    });
  }
  const ConvolutionOperands operands(device, context, layer);
  if (context.direction == Direction::backward_data) {
    return launches(
        [=](Bound b) {
          if (!b.diff_src[0]) return;
          for_each(queue, geometry.src.elements(),
                   ConvolutionBackwardData<GradientBehind, Assign>{
                       geometry, operands.gradient(b), operands.kernel(b), {arrays.diff_src(b)}});
        },
        {.implementation = "own direct"});
  }
  if (geometry.groups == geometry.src.channels && geometry.groups == geometry.dst.channels) {
    return launches(
        [=](Bound b) {
          const DepthwiseForward<Epilogue> body{geometry, arrays.src(b), operands.kernel(b),
                                                operands.epilogue(b)};
          for_each(queue, body.count(), body);
        },
        {.implementation = "own depthwise"});
  }
  return launches(
      [=](Bound b) {
        for_each(queue, geometry.dst.elements(),
                 ConvolutionForward<Values, Epilogue>{
                     geometry, {arrays.src(b)}, operands.kernel(b), operands.epilogue(b)});
      },
      {.implementation = "own direct"});
}

KernelPointer prepare_transposed(const Device& device, const PrepareContext& context,
                                 const ConvolutionLayer& layer) {
  const ConvolutionGeometry geometry = layer.geometry;
  const ValueArrays arrays(context);
  const Queue queue = device.queue;
  if (context.direction == Direction::backward_weights) {
    return prepare_kernel_gradient(device, context, layer, [=](Bound b, const GradientBehind& gradient) {
      return KernelGradientTerm<GradientBehind, Values>{geometry, gradient, {arrays.src(b)}};
    });
  }
  const ConvolutionOperands operands(device, context, layer);
  if (context.direction == Direction::backward_data) {
    return launches(
        [=](Bound b) {
          if (!b.diff_src[0]) return;
          for_each(queue, geometry.dst.elements(),
                   ConvolutionForward<GradientBehind, Assign>{
                       geometry, operands.gradient(b), operands.kernel(b), {arrays.diff_src(b)}});
        },
        {.implementation = "own direct"});
  }
  return launches(
      [=](Bound b) {
        for_each(queue, geometry.src.elements(),
                 ConvolutionBackwardData<Values, Epilogue>{
                     geometry, {arrays.src(b)}, operands.kernel(b), operands.epilogue(b)});
      },
      {.implementation = "own direct"});
}

DataType kernel_type_of(const PrepareContext& context) {
  return weight_type(context.node.layer, 0, context.src[0].type);
}

Support supports_fused(ActivationFunction activation, Direction direction) {
  if (direction == Direction::forward ? is_epilogue(activation) : is_training_epilogue(activation)) return {};
  return {false, "its activation, which split_activations makes a node of its own"};
}

}  // namespace petal::cuda
