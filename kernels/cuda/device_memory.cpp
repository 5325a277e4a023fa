#include "kernels/cuda/device_memory.h"

#include <string>

#include "engine/error.h"
#include "kernels/cuda/check.h"

namespace petal::cuda {
namespace {

constexpr const char* where = "cuda memory";

[[noreturn]] void throw_short(std::size_t bytes) {
  cudaGetLastError();  // an allocation that failed is no fault of the next call
  std::size_t free = 0, total = 0;
  PETAL_CUDA(where, cudaMemGetInfo(&free, &total));
  throw Error(where,
              std::to_string(bytes) + " bytes are not to be had, " + std::to_string(free) + " of " +
                  std::to_string(total) + " are free; use a smaller batch or image size",
              ErrorKind::failure);
}

class EventMark final : public Memory::Mark {
 public:
  EventMark(int device, bool timed) {
    PETAL_CUDA(where, cudaSetDevice(device));
    PETAL_CUDA(where, cudaEventCreateWithFlags(&event_, timed ? cudaEventDefault : cudaEventDisableTiming));
  }
  ~EventMark() override { cudaEventDestroy(event_); }
  EventMark(const EventMark&) = delete;
  EventMark& operator=(const EventMark&) = delete;
  // An event that was never recorded counts as passed.
  void wait() const override { PETAL_CUDA(where, cudaEventSynchronize(event_)); }
  cudaEvent_t event() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

class DeviceMemory final : public Memory {
 public:
  DeviceMemory(int device, std::shared_ptr<CUstream_st> stream)
      : device_(device), stream_(std::move(stream)) {}

  bool is_apart() const override { return true; }

  std::shared_ptr<std::byte> allocate(std::size_t bytes) const override {
    select();
    void* data = nullptr;
    const cudaError_t status = cudaMalloc(&data, bytes);
    if (status == cudaErrorMemoryAllocation) throw_short(bytes);
    PETAL_CUDA(where, status);
    return {static_cast<std::byte*>(data), [stream = stream_](std::byte* block) { cudaFree(block); }};
  }

  std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const override {
    select();
    void* data = nullptr;
    PETAL_CUDA(where, cudaMallocHost(&data, bytes));
    return {static_cast<std::byte*>(data), [stream = stream_](std::byte* block) { cudaFreeHost(block); }};
  }

  void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    select();
    PETAL_CUDA(where, cudaMemcpyAsync(dst, src, bytes, cudaMemcpyHostToDevice, stream_.get()));
  }
  void download(const std::byte* src, std::byte* dst, std::size_t bytes) const override {
    select();
    PETAL_CUDA(where, cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream_.get()));
  }
  void zero(std::byte* dst, std::size_t bytes) const override {
    select();
    PETAL_CUDA(where, cudaMemsetAsync(dst, 0, bytes, stream_.get()));
  }
  void wait() const override { PETAL_CUDA(where, cudaStreamSynchronize(stream_.get())); }

  std::shared_ptr<Mark> make_mark(bool timed) const override {
    return std::make_shared<EventMark>(device_, timed);
  }
  void set(Mark& mark) const override {
    select();
    PETAL_CUDA(where, cudaEventRecord(static_cast<EventMark&>(mark).event(), stream_.get()));
  }
  void wait_for(const Mark& mark) const override {
    select();
    PETAL_CUDA(where, cudaStreamWaitEvent(stream_.get(), static_cast<const EventMark&>(mark).event()));
  }
  double seconds_between(const Mark& from, const Mark& to) const override {
    float milliseconds = 0;
    PETAL_CUDA(where, cudaEventElapsedTime(&milliseconds, static_cast<const EventMark&>(from).event(),
                                           static_cast<const EventMark&>(to).event()));
    return static_cast<double>(milliseconds) * 1e-3;
  }
  std::shared_ptr<const Memory> beside() const override {
    return std::make_shared<DeviceMemory>(device_, make_stream(device_));
  }

 private:
  // Each thread has a current device of its own.
  void select() const { PETAL_CUDA(where, cudaSetDevice(device_)); }

  int device_;
  std::shared_ptr<CUstream_st> stream_;
};

}  // namespace

std::shared_ptr<CUstream_st> make_stream(int device) {
  PETAL_CUDA("cuda", cudaSetDevice(device));
  cudaStream_t stream = nullptr;
  PETAL_CUDA("cuda", cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return {stream, [](CUstream_st* owned) { cudaStreamDestroy(owned); }};
}

std::shared_ptr<const Memory> make_device_memory(int device, std::shared_ptr<CUstream_st> stream) {
  return std::make_shared<DeviceMemory>(device, std::move(stream));
}

}  // namespace petal::cuda
