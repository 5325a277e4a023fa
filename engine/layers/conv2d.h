#pragma once

#include "engine/layers/activation.h"
#include "engine/layers/parts.h"

namespace petal {

// 2-D convolution (cross-correlation, as Keras). src (N, H, W, C), kernel (kh, kw, C / groups, filters), bias
// (filters), dst (N, H', W', filters) = activation(conv(src, kernel) + bias [+ residual]). A pass may give it
// a second input, the residual (Node::fused_residual), of dst's shape.
struct Conv2D {
  static constexpr std::string_view kind = "Conv2D";
  std::int64_t filters = 1;
  Size2D kernel{};
  Size2D strides{};
  Padding padding{};
  Size2D dilation{};
  std::int64_t groups = 1;
  bool use_bias = true;
  ActivationFunction activation = ActivationFunction::linear;
  Regularizer kernel_regularizer{};
  Regularizer bias_regularizer{};
  Initializer kernel_initializer{.kind = Initializer::Kind::glorot_uniform};  // its fans are the layer's
  Initializer bias_initializer{};
  friend bool operator==(const Conv2D&, const Conv2D&) = default;
};

Shape infer_shape(const Conv2D& layer, std::string_view where, std::span<const Shape> src);
std::vector<WeightDeclaration> declare_weights(const Conv2D& layer, std::span<const Shape> src);
std::int64_t operations(const Conv2D& layer, std::span<const Shape> src);
BackwardNeeds backward_needs(const Conv2D& layer);

}  // namespace petal
