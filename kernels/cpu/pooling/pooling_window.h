#pragma once

#include <algorithm>
#include <vector>

#include "engine/layers/parts.h"

namespace petal::cpu {

// A half-open range.
struct Range {
  std::int64_t begin, end;
  std::int64_t count() const { return end - begin; }
};

// One axis of a pooling window, worked out for every place.
struct PoolingAxis {
  PoolingAxis(std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t step, std::int64_t padding)
      : input(in), output(out), pool(size), stride(step), before(padding) {
    for (std::int64_t o = 0; o < output; ++o) {
      const std::int64_t first = o * stride - before;
      windows.push_back({std::max<std::int64_t>(first, 0), std::min(first + pool, input)});
    }
    for (std::int64_t i = 0; i < input; ++i) {
      const std::int64_t reach = i + before;
      const std::int64_t first = reach < pool ? 0 : (reach - pool) / stride + 1;
      windows_over.push_back({first, std::min(reach / stride + 1, output)});
    }
  }

  // The number within the window of dst's element `out` of src's element `in`.
  std::int64_t tap(std::int64_t in, std::int64_t out) const { return in + before - out * stride; }

  std::int64_t input, output, pool, stride, before;
  std::vector<Range> windows;       // for an element of dst: its elements of src, the padding left out
  std::vector<Range> windows_over;  // for an element of src: the elements of dst whose windows hold it
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
