#include "kernels/cuda/convolution/convolution_parts.h"

namespace petal::cuda {
namespace {

// Index i of (F, KH, KW, C) is element `place(i)` of (KH, KW, C, F).
struct KernelOrder {
  Index filters, rest;  // rest: KH * KW * C
  PETAL_BODY Index place(Index i) const { return i % rest * filters + i / rest; }
};

struct Pack {
  KernelOrder order;
  Numbers kernel;
  Results packed;
  PETAL_BODY void operator()(Index i) const { packed[i] = kernel[order.place(i)]; }
};

struct Unpack {
  KernelOrder order;
  Numbers packed;
  float* kernel;
  PETAL_BODY void operator()(Index i) const { kernel[order.place(i)] = packed[i]; }
};

struct ApplyEpilogue {
  Numbers sums;
  Epilogue epilogue;
  PETAL_BODY void operator()(Index i) const { epilogue(i, sums[i]); }
};

// Source: GradientBehind or Values.
template <class Source>
struct AssignFrom {
  Source src;
  Results dst;
  PETAL_BODY void operator()(Index i) const { dst[i] = src(i); }
};

KernelOrder order_of(const ConvolutionGeometry& geometry) {
  return {geometry.dst.channels, geometry.kernel_elements() / geometry.dst.channels};
}

}  // namespace

ConvolutionOperands::ConvolutionOperands(const Device& device, const PrepareContext& context,
                                         const ConvolutionLayer& layer)
    : arrays_(context),
      weights_(device, context, layer.kernel_type),
      use_bias_(layer.use_bias),
      fused_residual_(context.node.fused_residual),
      activation_(layer.activation),
      channels_(context.dst.shape.back()) {}

Epilogue ConvolutionOperands::epilogue(const Bindings& b) const {
  return {bias(b), fused_residual_ ? arrays_.src(b, 1) : Numbers(), activation_, channels_, arrays_.dst(b)};
}

BiasGradient::BiasGradient(const Device& device, const PrepareContext& context, const ConvolutionLayer& layer)
    : queue_(device.queue),
      split_(column_split(context.dst.shape.elements() / context.dst.shape.back(), context.dst.shape.back())),
      present_(layer.use_bias) {}

void BiasGradient::run(const Bindings& b, const GradientBehind& gradient, std::byte* scratch) const {
  if (!present_) return;
  sum_columns<1>(queue_, split_, ColumnTerm<GradientBehind>{gradient, split_.columns},
                 KeepSum{as<float>(b.diff_weights[1])}, scratch);
}

void pack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const Numbers& kernel,
                 const Results& packed) {
  for_each(queue, geometry.kernel_elements(), Pack{order_of(geometry), kernel, packed});
}

void unpack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const Numbers& packed,
                   float* kernel) {
  for_each(queue, geometry.kernel_elements(), Unpack{order_of(geometry), packed, kernel});
}

Tensor packed_kernel(const ConvolutionGeometry& geometry, const Tensor& kernel) {
  const KernelOrder order = order_of(geometry);
  Tensor packed(Shape{kernel.elements()});
  for (Index i = 0; i < kernel.elements(); ++i)
    packed.values()[static_cast<std::size_t>(i)] = kernel.values()[static_cast<std::size_t>(order.place(i))];
  return packed;
}

void apply_epilogue(const Queue& queue, Index elements, const Numbers& sums, const Epilogue& epilogue) {
  for_each(queue, elements, ApplyEpilogue{sums, epilogue});
}

void assign_gradient(const Queue& queue, Index elements, const GradientBehind& gradient, const Results& dst) {
  for_each(queue, elements, AssignFrom<GradientBehind>{gradient, dst});
}

void convert(const Queue& queue, Index elements, const Numbers& src, const Results& dst) {
  for_each(queue, elements, AssignFrom<Values>{{src}, dst});
}

}  // namespace petal::cuda
