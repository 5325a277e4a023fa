#include "engine/memory_bound.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "engine/summary.h"

namespace petal {
namespace {

std::string text(std::size_t bytes) {
  return readable_size(static_cast<std::int64_t>(bytes));
}

}  // namespace

void MemoryBound::take(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > bytes_ || used_ > bytes_ - bytes) {
    throw Error("--gpu-memory",
                fmt::format("{} are needed beside {} in use, and the bound is {}; raise it, or use a smaller "
                            "batch or image size",
                            text(bytes), text(used_), text(bytes_)));
  }
  used_ += bytes;
}

void MemoryBound::give_back(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
}

std::size_t MemoryBound::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

namespace {

class BoundedMemory final : public Memory {
 public:
  BoundedMemory(std::shared_ptr<MemoryBound> bound, std::shared_ptr<const Memory> memory)
      : bound_(std::move(bound)), memory_(std::move(memory)) {}

  bool is_apart() const override { return memory_->is_apart(); }
  std::shared_ptr<std::byte> allocate(std::size_t bytes) const override {
    bound_->take(bytes);
    try {
      std::shared_ptr<std::byte> block = memory_->allocate(bytes);
      std::byte* data = block.get();
      return {data, [block = std::move(block), bound = bound_, bytes](std::byte*) mutable {
                block.reset();
                bound->give_back(bytes);
              }};
    } catch (...) {
      bound_->give_back(bytes);
      throw;
    }
  }
  std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const override {
    return memory_->allocate_staging(bytes);
  }
  void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    memory_->upload(src, dst, bytes);
  }
  void download(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    memory_->download(src, dst, bytes);
  }
  void zero(std::byte* dst, std::size_t bytes) const override { memory_->zero(dst, bytes); }
  void wait() const override { memory_->wait(); }
  std::shared_ptr<Mark> make_mark(bool timed) const override { return memory_->make_mark(timed); }
  void set(Mark& mark) const override { memory_->set(mark); }
  double seconds_between(const Mark& from, const Mark& to) const override {
    return memory_->seconds_between(from, to);
  }
  void wait_for(const Mark& mark) const override { memory_->wait_for(mark); }
  std::shared_ptr<const Memory> beside() const override { return memory_->beside(); }

 private:
  std::shared_ptr<MemoryBound> bound_;
  std::shared_ptr<const Memory> memory_;
};

}  // namespace

std::shared_ptr<const Memory> within(std::shared_ptr<MemoryBound> bound,
                                     std::shared_ptr<const Memory> memory) {
  return std::make_shared<BoundedMemory>(std::move(bound), std::move(memory));
}

}  // namespace petal
