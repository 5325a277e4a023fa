#pragma once

#include "engine/layers/activation.h"
#include "engine/layers/parts.h"

namespace petal {

// The transpose of a Conv2D (the gradient of its data), as Keras without output_padding. src (N, H, W, C),
// kernel (kh, kw, filters, C), bias (filters), dst (N, H', W', filters): H' = H * stride for `same`, and H *
// stride + max(extent - stride, 0) otherwise, extent = (kh - 1) * dilation + 1. A pass may give it a residual
// as Conv2D.
struct Conv2DTranspose {
  static constexpr std::string_view kind = "Conv2DTranspose";
  std::int64_t filters = 1;
  Size2D kernel{};
  Size2D strides{};
  Padding padding{};
  Size2D dilation{};
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  friend bool operator==(const Conv2DTranspose&, const Conv2DTranspose&) = default;
};

Shape infer_shape(const Conv2DTranspose& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Conv2DTranspose& layer, std::span<const Shape> src);
std::int64_t operations(const Conv2DTranspose& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Conv2DTranspose& layer);

// The window of the convolution whose transpose it is: its input is the layer's dst, its output the layer's
// src of this size. Throws Error(`where`).
Window transposed_window(const Conv2DTranspose& layer, std::string_view where, Size2D src);

}  // namespace petal
