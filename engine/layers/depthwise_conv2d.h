#pragma once

#include "engine/layers/activation.h"
#include "engine/layers/parts.h"

namespace petal {

// One convolution a channel. src (N, H, W, C), depthwise_kernel (kh, kw, C, depth_multiplier), bias
// (C * depth_multiplier), dst (N, H', W', C * depth_multiplier); output channel c * depth_multiplier + m is
// channel c under filter m, as Keras. A pass may give it a residual as Conv2D.
struct DepthwiseConv2D {
  static constexpr std::string_view kind = "DepthwiseConv2D";
  Size2D kernel{};
  Size2D strides{};
  Padding padding{};
  Size2D dilation{};
  std::int64_t depth_multiplier = 1;
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
  Regularizer depthwise_regularizer{};
  Regularizer bias_regularizer{};
  friend bool operator==(const DepthwiseConv2D&, const DepthwiseConv2D&) = default;
};

Shape infer_shape(const DepthwiseConv2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const DepthwiseConv2D& layer, std::span<const Shape> src);
std::int64_t operations(const DepthwiseConv2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const DepthwiseConv2D& layer);

}  // namespace petal
