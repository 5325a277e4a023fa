#include "engine/layers/pooling_window.h"

#include <algorithm>

#include "engine/error.h"

namespace petal {
namespace {

void require_pads(std::string_view where, std::string_view sides, std::int64_t before, std::int64_t after,
                  std::int64_t pool) {
  if (std::min(before, after) >= 0 && std::max(before, after) < pool) return;
  throw Error(std::string(where), "pads of " + std::to_string(before) + " and " + std::to_string(after) +
                                      " at its " + std::string(sides) + " must be from 0 to " +
                                      std::to_string(pool - 1) + ", less than its pool");
}

}  // namespace

Window pooling_window(std::string_view where, const Shape& src, Size2D pool, Size2D strides,
                      const Padding& padding) {
  const Window window = resolve_window(where, {src[0], src[1]}, pool, strides, {1, 1}, padding);
  const Padding2D& pads = window.padding;
  require_pads(where, "top and bottom", pads.top, pads.bottom, pool.height);
  require_pads(where, "left and right", pads.left, pads.right, pool.width);
  return window;
}

}  // namespace petal
