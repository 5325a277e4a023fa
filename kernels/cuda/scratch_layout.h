#pragma once

#include <cstddef>

namespace petal::cuda {

// Pieces of a kernel's scratch, one behind the other.
class ScratchLayout {
 public:
  // The offset of a new piece.
  std::size_t add(std::size_t bytes) {
    const std::size_t offset = bytes_;
    bytes_ += (bytes + alignment - 1) / alignment * alignment;
    return offset;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t alignment = 256;  // as scratch itself
  std::size_t bytes_ = 0;
};

}  // namespace petal::cuda
