#pragma once

#include <cstring>

#include "kernels/reference/kernel.h"

namespace petal::reference {

// dst = src, and going back diff_src = diff_dst: the layers that move no element (Flatten, Reshape, Dropout
// in inference).
inline std::unique_ptr<Kernel> prepare_copy(const PrepareContext& context) {
  const std::size_t bytes = context.dst.bytes();
  if (context.direction == Direction::forward) {
    return loops([=](const Bindings& b) {
      if (b.dst != b.src[0]) std::memcpy(b.dst, b.src[0], bytes);
    });
  }
  return loops([=](const Bindings& b) {
    if (b.diff_src[0]) std::memcpy(b.diff_src[0], b.diff_dst, bytes);
  });
}

}  // namespace petal::reference
