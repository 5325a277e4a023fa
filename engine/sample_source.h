#pragma once

#include <cstddef>
#include <cstdint>

namespace petal {

// Where a plan gets the samples of a batch from.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // Writes samples [first, first + count) of the batch for the graph's input `input` to dst, dense (count,
  // ...). Called by several threads at once, each for samples of its own, once a sample, input and step.
  virtual void write(std::size_t input, std::int64_t first, std::int64_t count, float* dst) const = 0;
  // The same of samples that are 8-bit pixels, whole numbers from 0 to 255: a quarter of the bytes. Called
  // instead of `write` by plans that were told of it (TrainingOptions::pixels).
  virtual void write_pixels(std::size_t /*input*/, std::int64_t /*first*/, std::int64_t /*count*/,
                            std::uint8_t* /*dst*/) const {}
  // The same samples where they lie in the host's memory as `write` would leave them, and stay until the run
  // is over: a plan may read them there, and writes nothing there. Null where they do not.
  virtual const float* rows(std::size_t, std::int64_t, std::int64_t) const { return nullptr; }
};

}  // namespace petal
