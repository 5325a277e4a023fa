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
  const float* kernel;
  float* packed;
  PETAL_BODY void operator()(Index i) const { packed[i] = kernel[order.place(i)]; }
};

struct Unpack {
  KernelOrder order;
  const float* packed;
  float* kernel;
  PETAL_BODY void operator()(Index i) const { kernel[order.place(i)] = packed[i]; }
};

struct ApplyEpilogue {
  Epilogue epilogue;
  PETAL_BODY void operator()(Index i) const { epilogue(i, epilogue.dst[i]); }
};

struct AssignGradient {
  GradientBehind gradient;
  float* dst;
  PETAL_BODY void operator()(Index i) const { dst[i] = gradient(i); }
};

KernelOrder order_of(const ConvolutionGeometry& geometry) {
  return {geometry.dst.channels, geometry.kernel_elements() / geometry.dst.channels};
}

}  // namespace

ConvolutionOperands::ConvolutionOperands(const Device& device, const PrepareContext& context,
                                         const ConvolutionLayer& layer)
    : weights_(device, context),
      use_bias_(layer.use_bias),
      fused_residual_(context.node.fused_residual),
      activation_(layer.activation),
      channels_(context.dst.shape.back()) {}

Epilogue ConvolutionOperands::epilogue(const Bindings& b) const {
  return {use_bias_ ? weights_(b, 1) : nullptr, fused_residual_ ? as<float>(b.src[1]) : nullptr, activation_,
          channels_, as<float>(b.dst)};
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

void pack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const float* kernel,
                 float* packed) {
  for_each(queue, geometry.kernel_elements(), Pack{order_of(geometry), kernel, packed});
}

void unpack_kernel(const Queue& queue, const ConvolutionGeometry& geometry, const float* packed,
                   float* kernel) {
  for_each(queue, geometry.kernel_elements(), Unpack{order_of(geometry), packed, kernel});
}

void apply_epilogue(const Queue& queue, Index elements, const Epilogue& epilogue) {
  for_each(queue, elements, ApplyEpilogue{epilogue});
}

void assign_gradient(const Queue& queue, Index elements, const GradientBehind& gradient, float* dst) {
  for_each(queue, elements, AssignGradient{gradient, dst});
}

}  // namespace petal::cuda
