#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "engine/memory.h"

namespace petal {

// How much of a device's memory a program may have: all memories that share a bound count together. For
// several threads at once.
class MemoryBound {
 public:
  explicit MemoryBound(std::size_t bytes) : bytes_(bytes) {}

  // Throws Error(--gpu-memory) with what is needed, in use and allowed, where they do not fit.
  void take(std::size_t bytes);
  void give_back(std::size_t bytes);

  std::size_t bytes() const { return bytes_; }
  std::size_t used() const;

 private:
  std::size_t bytes_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
};

// The same memory, its blocks within the bound; what lies with the host for copies (staging) does not count.
std::shared_ptr<const Memory> within(std::shared_ptr<MemoryBound> bound,
                                     std::shared_ptr<const Memory> memory);

}  // namespace petal
