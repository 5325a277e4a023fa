#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/tensor.h"
#include "trainer/photo_reader.h"

namespace petal {

struct DecodedBatch {
  std::int64_t first = 0;              // position of its first photo in the order
  std::int64_t count = 0;              // photos in it; the last may be short, its rest is zeros
  Tensor pixels;                       // (batch, H, W, 3) float32, RGB in 0..255; zeros for skipped photos
  std::vector<PhotoOutcome> outcomes;  // `count`
};

struct DecodedBatchesOptions {
  std::int64_t batch = 32;
  std::int64_t height = 224;
  std::int64_t width = 224;
  DecodeOptions decode{};
  int threads = 0;  // 0: the cores that this process may run on
  int ahead = 3;    // batches decoded or being decoded at once: the bound on memory
};

// Decodes photos on threads of its own, ahead of a consumer that runs one plan on all cores; batches come in
// order. Where run_photos is one stream a core, this is the input of a training step on the photos
// themselves.
class DecodedBatches {
 public:
  // `order`: indexes into `photos`, which must outlive this.
  DecodedBatches(std::span<const Photo> photos, std::vector<std::int64_t> order,
                 const DecodedBatchesOptions& options);
  ~DecodedBatches();  // abandons what is not consumed
  DecodedBatches(const DecodedBatches&) = delete;
  DecodedBatches& operator=(const DecodedBatches&) = delete;

  // The next batch, which holds until the next call; null behind the last. Throws what decoding threw besides
  // Error.
  const DecodedBatch* next();
  // Time that next() spent waiting for input: how much faster decoding would have to be.
  double seconds_waited() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace petal
