#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "engine/memory.h"
#include "engine/tensor.h"

namespace petal::testing {

// Bytes that begin as NaN in every floating-point type, with a guard before and behind them. Kernels are
// given `bound`, which is the same array or, for a backend whose memory is apart, its twin there: `upload`
// and `download` bring one to the state of the other, guards and all.
class GuardedArray {
 public:
  explicit GuardedArray(std::size_t bytes, const std::shared_ptr<const Memory>& memory = host_memory())
      : bytes_(bytes), buffer_(bytes + 2 * guard) {
    std::memset(buffer_.data(), guard_byte, buffer_.size());
    poison();
    if (!memory->is_apart()) return;
    twin_ = DeviceArray(memory, buffer_.size());
    upload();
  }

  std::byte* data() const { return buffer_.data() + guard; }
  std::byte* bound() const { return twin_.size() > 0 ? twin_.data() + guard : data(); }
  std::size_t size() const { return bytes_; }
  void upload() const { twin_.upload(buffer_.data()); }
  void download() const { twin_.download(buffer_.data()); }
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
  DeviceArray twin_;
};

}  // namespace petal::testing
