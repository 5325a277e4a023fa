#pragma once

#include <cstdint>
#include <span>

namespace petal {

// How one of several devices that train together, each on its samples of every batch, adds up arrays with the
// others. All of them ask for the same sums in the same order, each on a thread of its own, as asking may
// wait for the others.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int devices() const = 0;
  virtual int rank() const = 0;  // this device's number among them, from 0

  struct Array {
    float* data = nullptr;
    std::int64_t elements = 0;
  };
  // Each element becomes the sum of what all devices have there, the same bits on every one of them. The
  // arrays are in this device's memory; in order with the runs of its kernels. Throws Error(failure) after
  // abort.
  virtual void sum(std::span<const Array> arrays) const = 0;
  // For where one device failed, from any thread: ends the sums of all of them, under way or to come, so that
  // none waits for it for ever. What they hold then is of no use.
  virtual void abort() const = 0;
};

}  // namespace petal
