#pragma once

#include <atomic>
#include <memory>

#include "trainer/decoded_batches.h"
#include "trainer/photo_stream.h"
#include "trainer/samples.h"

namespace petal {

struct PhotoSamplesOptions {
  std::int64_t height = 224;
  std::int64_t width = 224;
  DecodeOptions decode{};
  int threads = 0;                             // that decode; 0: the cores that this process may run on
  std::int64_t memory_budget = 2'000'000'000;  // bytes of pixels that may be kept
  bool strict = false;                         // the first photo that cannot be decoded is an Error
  PhotoProgress progress{};                    // of the first decoding
  const std::atomic<bool>* stop = nullptr;
};

// Photos as samples, RGB in 0..255. Each is decoded once at the start and kept as 8-bit pixels of the
// network's size; where that would take more than the budget, photos are decoded anew in each pass, ahead of
// the steps, on threads of their own. Either way a resized pixel is rounded to 8 bits, so that the numbers do
// not depend on the budget. Photos that cannot be decoded take no part.
class PhotoSamples : public Samples {
 public:
  // The photos of `photos`, which must outlive this, that `selected` names. Throws Error(photos, interrupted)
  // where the stop flag was set, and with `strict` the first decoding error.
  PhotoSamples(std::span<const Photo> photos, std::span<const std::int64_t> selected,
               const PhotoSamplesOptions& options);

  std::span<const std::int32_t> labels() const override { return labels_; }
  std::uint32_t identity(std::int64_t sample) const override;
  void begin(std::vector<std::int64_t> order, std::int64_t batch) override;
  const SampleSource& next() override;
  bool are_pixels() const override { return true; }
  double seconds_waited() const override;

  bool in_memory() const { return !pixels_.empty(); }
  const std::vector<PhotoMessage>& skipped() const { return skipped_; }
  const std::vector<PhotoMessage>& warnings() const { return warnings_; }

 private:
  class FromMemory;
  class FromStream;
  void decode_all(std::span<const std::int64_t> selected, bool keep);

  std::span<const Photo> photos_;
  PhotoSamplesOptions options_;
  std::size_t photo_bytes_;
  std::vector<std::int64_t> kept_;  // by sample, the photo
  std::vector<std::int32_t> labels_;
  std::vector<std::uint8_t> pixels_;  // by sample, where they are kept
  std::vector<PhotoMessage> skipped_, warnings_;

  std::vector<std::int64_t> order_;
  std::int64_t batch_ = 1, first_ = 0;
  std::unique_ptr<DecodedBatches> stream_;
  double waited_ = 0;  // for streams that are over
  std::unique_ptr<SampleSource> source_;
};

}  // namespace petal
