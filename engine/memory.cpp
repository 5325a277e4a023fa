#include "engine/memory.h"

#include <cstring>

#include "engine/stopwatch.h"
#include "engine/tensor.h"

namespace petal {
namespace {

class HostMemory final : public Memory {
 public:
  bool is_apart() const override { return false; }
  std::shared_ptr<std::byte> allocate(std::size_t bytes) const override {
    const auto buffer = std::make_shared<Buffer>(bytes);
    return {buffer, buffer->data()};
  }
  std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const override { return allocate(bytes); }
  void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    std::memcpy(dst, src, bytes);
  }
  void download(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    std::memcpy(dst, src, bytes);
  }
  void zero(std::byte* dst, std::size_t bytes) const override { std::memset(dst, 0, bytes); }
  void wait() const override {}
};

}  // namespace

namespace {

struct PassedMark final : Memory::Mark {
  double time = 0;
  void wait() const override {}
};

}  // namespace

std::shared_ptr<Memory::Mark> Memory::make_mark(bool) const {
  return std::make_shared<PassedMark>();
}
void Memory::set(Mark& mark) const {
  static_cast<PassedMark&>(mark).time = steady_seconds();
}
double Memory::seconds_between(const Mark& from, const Mark& to) const {
  return static_cast<const PassedMark&>(to).time - static_cast<const PassedMark&>(from).time;
}
void Memory::wait_for(const Mark&) const {}

std::shared_ptr<const Memory> host_memory() {
  return std::make_shared<HostMemory>();
}

DeviceArray::DeviceArray(std::shared_ptr<const Memory> memory, std::size_t bytes)
    : memory_(std::move(memory)), size_(bytes) {
  if (bytes == 0) return;
  data_ = memory_->allocate(bytes);
  memory_->zero(data(), bytes);
}

void DeviceArray::upload(const std::byte* src) const {
  if (size_ > 0) memory_->upload(src, data(), size_);
}

void DeviceArray::download(std::byte* dst) const {
  if (size_ == 0) return;
  memory_->download(data(), dst, size_);
  memory_->wait();
}

HostMirror::HostMirror(std::shared_ptr<const Memory> memory, std::byte* array, std::size_t bytes)
    : memory_(std::move(memory)), array_(array), host_(array), bytes_(bytes) {
  if (!memory_->is_apart() || bytes == 0) return;
  staging_ = memory_->allocate_staging(bytes);
  host_ = staging_.get();
  std::memset(host_, 0, bytes);
  uploaded_ = memory_->make_mark();
}

std::byte* HostMirror::writable() const {
  if (uploaded_) uploaded_->wait();
  return host_;
}

void HostMirror::upload() const {
  if (!staging_) return;
  memory_->upload(host_, array_, bytes_);
  memory_->set(*uploaded_);
}

void HostMirror::download() const {
  if (staging_) memory_->download(array_, host_, bytes_);
}

}  // namespace petal
