#pragma once

#include <algorithm>

#include "engine/layers/parts.h"

namespace petal::cpu {

// A half-open range.
struct Range {
  std::int64_t begin, end;
  std::int64_t count() const { return end - begin; }
};

// One axis of a pooling window.
struct PoolingAxis {
  std::int64_t input, output, pool, stride, before;

  // The window's elements of src for an element of dst, the padding left out.
  Range window(std::int64_t out) const {
    const std::int64_t first = out * stride - before;
    return {std::max<std::int64_t>(first, 0), std::min(first + pool, input)};
  }
  // The elements of dst whose windows hold an element of src.
  Range windows_over(std::int64_t in) const {
    const std::int64_t reach = in + before;
    const std::int64_t first = reach < pool ? 0 : (reach - pool) / stride + 1;
    return {first, std::min(reach / stride + 1, output)};
  }
  // The number within the window of an element of src.
  std::int64_t tap(std::int64_t in, std::int64_t out) const { return in + before - out * stride; }
};

inline PoolingAxis rows_of(const Window& window) {
  return {window.input.height, window.output.height, window.kernel.height, window.strides.height,
          window.padding.top};
}
inline PoolingAxis columns_of(const Window& window) {
  return {window.input.width, window.output.width, window.kernel.width, window.strides.width,
          window.padding.left};
}

}  // namespace petal::cpu
