#include "engine/layers/parts.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {
namespace {

struct Axis {
  std::int64_t output, before, after;
};

Axis resolve_axis(std::string_view where, std::int64_t input, std::int64_t kernel, std::int64_t stride,
                  std::int64_t dilation, Padding::Kind kind, std::int64_t before, std::int64_t after) {
  if (kernel < 1 || stride < 1 || dilation < 1) {
    throw Error(std::string(where), "kernel " + std::to_string(kernel) + ", stride " +
                                        std::to_string(stride) + " and dilation " + std::to_string(dilation) +
                                        " must all be 1 or more");
  }
  const std::int64_t extent = (kernel - 1) * dilation + 1;
  if (kind == Padding::Kind::same) {
    const std::int64_t output = (input + stride - 1) / stride;
    const std::int64_t total = std::max<std::int64_t>((output - 1) * stride + extent - input, 0);
    return {output, total / 2, total - total / 2};
  }
  if (kind == Padding::Kind::valid) before = after = 0;
  const std::int64_t padded = input + before + after;
  if (padded < extent) {
    throw Error(std::string(where), "a window of " + std::to_string(extent) + " does not fit into " +
                                        std::to_string(padded) + " rows or columns; use larger images");
  }
  return {(padded - extent) / stride + 1, before, after};
}

}  // namespace

Window resolve_window(std::string_view where, Size2D input, Size2D kernel, Size2D strides, Size2D dilation,
                      const Padding& padding) {
  const Axis rows = resolve_axis(where, input.height, kernel.height, strides.height, dilation.height,
                                 padding.kind, padding.pads.top, padding.pads.bottom);
  const Axis columns = resolve_axis(where, input.width, kernel.width, strides.width, dilation.width,
                                    padding.kind, padding.pads.left, padding.pads.right);
  return {input,    {rows.output, columns.output},
          kernel,   strides,
          dilation, {rows.before, rows.after, columns.before, columns.after}};
}

void require_inputs(std::string_view where, std::span<const Shape> src, std::size_t count) {
  if (src.size() != count) {
    throw Error(std::string(where),
                "has " + std::to_string(src.size()) + " inputs; it takes " + std::to_string(count));
  }
}

void require_image(std::string_view where, const Shape& src) {
  const bool positive = std::ranges::all_of(src.dims(), [](std::int64_t dim) { return dim > 0; });
  if (src.rank() != 3 || !positive) {
    throw Error(std::string(where),
                "its input is " + src.to_string() + "; it takes (height, width, channels)");
  }
}

}  // namespace petal
