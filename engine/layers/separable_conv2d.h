#pragma once

#include "engine/layers/conv2d.h"
#include "engine/layers/depthwise_conv2d.h"

namespace petal {

// A DepthwiseConv2D without bias, then a Conv2D of 1x1. src (N, H, W, C), depthwise_kernel (kh, kw, C,
// depth_multiplier), pointwise_kernel (1, 1, C * depth_multiplier, filters), bias (filters), dst (N, H', W',
// filters). A pass may give it a residual as Conv2D.
struct SeparableConv2D {
  static constexpr std::string_view kind = "SeparableConv2D";
  std::int64_t filters = 1;
  Size2D kernel{};
  Size2D strides{};
  Padding padding{};
  Size2D dilation{};
  std::int64_t depth_multiplier = 1;
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
  Regularizer depthwise_regularizer{};
  Regularizer pointwise_regularizer{};
  Regularizer bias_regularizer{};
  friend bool operator==(const SeparableConv2D&, const SeparableConv2D&) = default;
};

Shape infer_shape(const SeparableConv2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const SeparableConv2D& layer, std::span<const Shape> src);
std::int64_t operations(const SeparableConv2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const SeparableConv2D& layer);

// The two layers that it is, the second with its bias and activation.
DepthwiseConv2D depthwise_part(const SeparableConv2D& layer);
Conv2D pointwise_part(const SeparableConv2D& layer);

}  // namespace petal
