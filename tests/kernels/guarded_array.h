#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "engine/tensor.h"

namespace petal::testing {

// Bytes that begin as NaN in every floating-point type, with a guard before and behind them.
class GuardedArray {
 public:
  explicit GuardedArray(std::size_t bytes) : bytes_(bytes), buffer_(bytes + 2 * guard) {
    std::memset(buffer_.data(), guard_byte, buffer_.size());
    poison();
  }

  std::byte* data() const { return buffer_.data() + guard; }
  std::size_t size() const { return bytes_; }
  void poison() { std::memset(data(), 0xff, bytes_); }
  bool guards_hold() const {
    const auto whole = [](const std::byte* begin) {
      return std::all_of(begin, begin + guard, [](std::byte b) { return b == std::byte{guard_byte}; });
    };
    return whole(buffer_.data()) && whole(data() + bytes_);
  }

 private:
  static constexpr std::size_t guard = 4 * Buffer::alignment;
  static constexpr unsigned char guard_byte = 0xa5;
  std::size_t bytes_;
  Buffer buffer_;
};

}  // namespace petal::testing
