#pragma once

#include <array>

#include "engine/backend.h"

namespace petal {

// The way of a plan's batches into one of its inputs. Where the backend's memory is the host's own they are
// written in place. Where it is apart they lie in staging and in a block of the device before they reach the
// input, each of these twice, by turns: the next batch goes up, in an order of its own, while kernels work on
// the last one.
class InputUpload {
 public:
  // `array`: the input, (N, ...). `pixels`: the host writes 8-bit pixels, where the memory is apart and the
  // input float32.
  InputUpload(const Backend& backend, std::byte* array, const TensorDescription& input, bool pixels);

  // Where the host writes the next batch, as soon as nothing reads there any more: the input's numbers, or
  // pixels. The same until it is sent.
  std::byte* next();
  bool takes_pixels() const { return type_ == DataType::u8; }
  std::size_t bytes() const { return bytes_; }
  // Brings it into the input, in order with the runs of kernels; the host does not wait.
  void send();

 private:
  struct Slot {
    std::shared_ptr<std::byte> staging;
    DeviceArray device;
    std::shared_ptr<Memory::Mark> uploaded, read;
  };

  std::shared_ptr<const Memory> memory_, copies_;
  std::byte* array_;
  DataType type_ = DataType::f32;
  std::size_t bytes_ = 0;
  std::array<Slot, 2> slots_{};  // of memory apart
  std::size_t turn_ = 0;
  bool is_taken_ = false;          // the slot of this turn
  std::shared_ptr<Kernel> enter_;  // from a slot to the input
};

}  // namespace petal
