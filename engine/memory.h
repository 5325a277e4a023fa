#pragma once

#include <cstddef>
#include <memory>

namespace petal {

// The memory that a backend's kernels read and write: the one place where it is allocated, filled and copied.
// What is asked of it happens in order with the runs of that backend's kernels, and may be under way still
// when the call returns: `wait` waits for all of it.
class Memory {
 public:
  virtual ~Memory() = default;
  // Whether kernels and the functions below alone may touch it; else it is the host's own.
  virtual bool is_apart() const = 0;
  // Aligned to Buffer::alignment, of any content. Throws Error(failure) with the size where memory is short.
  virtual std::shared_ptr<std::byte> allocate(std::size_t bytes) const = 0;
  // The host's memory, from which and to which copies are the fastest.
  virtual std::shared_ptr<std::byte> allocate_staging(std::size_t bytes) const = 0;
  // From the host's memory into this; staging must not change before it is done, other memory may at once.
  virtual void upload(const std::byte* src, std::byte* dst, std::size_t bytes) const = 0;
  // From this into the host's, which holds it after `wait`.
  virtual void download(const std::byte* src, std::byte* dst, std::size_t bytes) const = 0;
  virtual void zero(std::byte* dst, std::size_t bytes) const = 0;
  virtual void wait() const = 0;

  // A place in the order of what is asked of a memory, set anew again and again.
  class Mark {
   public:
    virtual ~Mark() = default;
    // The host waits for all that was asked before the mark was set last; not at all where it never was.
    virtual void wait() const = 0;
  };
  // Of a memory whose functions are done when they return, every mark is passed, and is but a time. `timed`:
  // for seconds_between.
  virtual std::shared_ptr<Mark> make_mark(bool timed = false) const;
  virtual void set(Mark& mark) const;
  // From when the one was passed to when the other was, by the clock of what the memory is of; both were
  // waited for.
  virtual double seconds_between(const Mark& from, const Mark& to) const;
  // What is asked of this from now on, the runs of kernels with it, waits for the mark; the host does not.
  virtual void wait_for(const Mark& mark) const;
  // The same memory with an order of its own, in which copies go on beside that of the kernels; null where
  // there is no such thing.
  virtual std::shared_ptr<const Memory> beside() const { return nullptr; }
};

// The host's own, in huge pages where a block is large.
std::shared_ptr<const Memory> host_memory();

// A block of a backend's memory. All bytes are zero to begin with.
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(std::shared_ptr<const Memory> memory, std::size_t bytes);

  std::byte* data() const { return data_.get(); }
  float* floats() const { return reinterpret_cast<float*>(data()); }
  std::size_t size() const { return size_; }

  // All of it. `download` returns when dst holds it.
  void upload(const std::byte* src) const;
  void download(std::byte* dst) const;

 private:
  std::shared_ptr<const Memory> memory_;
  std::shared_ptr<std::byte> data_;
  std::size_t size_ = 0;
};

// Where the host writes and reads an array of a backend's memory: the array itself where that is the host's
// own, so that nothing is copied, else staging memory beside it.
class HostMirror {
 public:
  HostMirror() = default;
  HostMirror(std::shared_ptr<const Memory> memory, std::byte* array, std::size_t bytes);

  std::byte* data() const { return host_; }
  // The same for writing, once what was uploaded last has left it.
  std::byte* writable() const;
  // Memory's copies, where there is anything to copy.
  void upload() const;
  void download() const;

 private:
  std::shared_ptr<const Memory> memory_;
  std::byte* array_ = nullptr;
  std::byte* host_ = nullptr;
  std::shared_ptr<std::byte> staging_;
  std::shared_ptr<Memory::Mark> uploaded_;
  std::size_t bytes_ = 0;
};

}  // namespace petal
