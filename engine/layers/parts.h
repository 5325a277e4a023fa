#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/initializer.h"
#include "engine/shape.h"

namespace petal {

// Height and width, in this order, as Keras writes kernel_size, strides and pool_size.
struct Size2D {
  std::int64_t height = 1;
  std::int64_t width = 1;
  friend bool operator==(const Size2D&, const Size2D&) = default;
};

// Rows and columns of padding around an image.
struct Padding2D {
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
  friend bool operator==(const Padding2D&, const Padding2D&) = default;
};

// How a window meets the image's border: Keras's `valid` and `same`, or rows and columns given outright (what
// a pass leaves where it merges a ZeroPadding2D into the layer behind it).
struct Padding {
  enum class Kind { valid, same, explicit_ };
  Kind kind = Kind::valid;
  Padding2D pads;  // of Kind::explicit_ alone

  static const Padding valid;
  static const Padding same;
  static Padding explicitly(Padding2D pads) { return {Kind::explicit_, pads}; }
  friend bool operator==(const Padding&, const Padding&) = default;
};
inline constexpr Padding Padding::valid{Padding::Kind::valid, {}};
inline constexpr Padding Padding::same{Padding::Kind::same, {}};

// A sliding window's geometry on one image, resolved: what kernels see.
struct Window {
  Size2D input, output, kernel, strides, dilation;
  Padding2D padding{};
};

// Resolves a window: out = ceil(in / stride) for `same`, with the smaller half of the padding first (top,
// left), and floor((in + pads - ((k - 1) * dilation + 1)) / stride) + 1 otherwise, as Keras. Throws Error
// with `where` in front where a size is not positive or the window does not fit.
Window resolve_window(std::string_view where, Size2D input, Size2D kernel, Size2D strides, Size2D dilation,
                      const Padding& padding);

// What a layer keeps: a Weight is what an optimiser may change; a Statistic (the moving mean and variance) is
// not.
enum class Role { weight, statistic };

// What a weight adds to the loss: sum(l1 * |w| + l2 * w^2), as Keras's L1, L2 and L1L2.
struct Regularizer {
  float l1 = 0.0f;
  float l2 = 0.0f;
  friend bool operator==(const Regularizer&, const Regularizer&) = default;
};

struct WeightDeclaration {
  std::string
      name;  // Keras's: "kernel", "bias", "depthwise_kernel", "gamma", ...; within a graph "LAYER/kernel"
  Shape shape{};
  Role role = Role::weight;
  Initializer initializer{};
  Regularizer regularizer{};
};

// What a layer's backward reads besides diff_dst and the weights.
struct BackwardNeeds {
  bool src = false;
  bool dst = false;
};

// Throws Error(`where`) unless there are `count` inputs.
void require_inputs(std::string_view where, std::span<const Shape> src, std::size_t count);
// Throws Error(`where`) unless the shape is (H, W, C) with positive sizes.
void require_image(std::string_view where, const Shape& src);

}  // namespace petal
