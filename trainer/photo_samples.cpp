#include "trainer/photo_samples.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "engine/error.h"
#include "trainer/workers.h"

namespace petal {
namespace {

std::uint8_t rounded(float pixel) {
  return static_cast<std::uint8_t>(std::clamp(pixel, 0.0f, 255.0f) + 0.5f);
}

}  // namespace

// The running batch, from the pixels in memory.
class PhotoSamples::FromMemory final : public SampleSource {
 public:
  explicit FromMemory(const PhotoSamples& samples) : samples_(samples) {}
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = first; i < first + count; ++i)
      dst = std::ranges::transform(photo(i), dst, [](std::uint8_t x) { return static_cast<float>(x); }).out;
  }
  void write_pixels(std::size_t, std::int64_t first, std::int64_t count, std::uint8_t* dst) const override {
    for (std::int64_t i = first; i < first + count; ++i) dst = std::ranges::copy(photo(i), dst).out;
  }

 private:
  std::span<const std::uint8_t> photo(std::int64_t place) const {
    const auto sample = samples_.order_[static_cast<std::size_t>(samples_.first_ + place)];
    return std::span(samples_.pixels_)
        .subspan(static_cast<std::size_t>(sample) * samples_.photo_bytes_, samples_.photo_bytes_);
  }
  const PhotoSamples& samples_;
};

// The running batch, from the stream.
class PhotoSamples::FromStream final : public SampleSource {
 public:
  explicit FromStream(const PhotoSamples& samples) : samples_(samples) {}
  void set(const DecodedBatch& batch) { batch_ = &batch; }
  void write(std::size_t, std::int64_t first, std::int64_t count, float* dst) const override {
    for (std::int64_t i = first; i < first + count; ++i)
      dst = std::ranges::transform(photo(i), dst, [](float x) { return static_cast<float>(rounded(x)); }).out;
  }
  void write_pixels(std::size_t, std::int64_t first, std::int64_t count, std::uint8_t* dst) const override {
    for (std::int64_t i = first; i < first + count; ++i)
      dst = std::ranges::transform(photo(i), dst, rounded).out;
  }

 private:
  std::span<const float> photo(std::int64_t place) const {
    const auto at = static_cast<std::size_t>(place);
    const PhotoOutcome& outcome = batch_->outcomes[at];
    if (outcome.state != PhotoOutcome::State::decoded)
      throw Error("training", "a photo can no longer be read: " + outcome.message, ErrorKind::failure);
    return batch_->pixels.values().subspan(at * samples_.photo_bytes_, samples_.photo_bytes_);
  }
  const PhotoSamples& samples_;
  const DecodedBatch* batch_ = nullptr;
};

PhotoSamples::PhotoSamples(std::span<const Photo> photos, std::span<const std::int64_t> selected,
                           const PhotoSamplesOptions& options)
    : photos_(photos),
      options_(options),
      photo_bytes_(static_cast<std::size_t>(options.height * options.width * 3)) {
  const auto needed = static_cast<std::int64_t>(selected.size() * photo_bytes_);
  decode_all(selected, needed <= options.memory_budget);
  if (in_memory() || selected.empty()) {
    source_ = std::make_unique<FromMemory>(*this);
  } else {
    source_ = std::make_unique<FromStream>(*this);
  }
}

// Decodes every photo once, to know which can be; `keep`: also to keep them.
void PhotoSamples::decode_all(std::span<const std::int64_t> selected, bool keep) {
  const auto count = static_cast<std::int64_t>(selected.size());
  std::vector<PhotoOutcome> outcomes(selected.size());
  if (keep) pixels_.resize(selected.size() * photo_bytes_);
  std::atomic<std::int64_t> done = 0;
  std::mutex reporting;
  parallel_for(count, resolve_threads(options_.threads), [&](std::int64_t i) {
    if (options_.stop && *options_.stop) return;
    thread_local std::vector<float> decoded;
    decoded.resize(photo_bytes_);
    const auto at = static_cast<std::size_t>(i);
    outcomes[at] = read_photo(photos_[static_cast<std::size_t>(selected[at])], options_.height,
                              options_.width, options_.decode, decoded.data());
    if (keep)
      std::ranges::transform(decoded, pixels_.begin() + static_cast<std::ptrdiff_t>(at * photo_bytes_),
                             rounded);
    ++done;
    if (!options_.progress) return;
    const std::lock_guard lock(reporting);
    options_.progress(done, count);
  });
  if (options_.stop && *options_.stop) {
    throw Error("photos", "interrupted while they were decoded", ErrorKind::interrupted);
  }
  for (std::size_t i = 0; i < selected.size(); ++i) {
    const Photo& photo = photos_[static_cast<std::size_t>(selected[i])];
    if (outcomes[i].state != PhotoOutcome::State::decoded) {
      if (options_.strict) throw Error(photo.name, outcomes[i].message + " (--strict)");
      skipped_.push_back({photo.name, outcomes[i].message});
      continue;
    }
    if (!outcomes[i].message.empty()) warnings_.push_back({photo.name, outcomes[i].message});
    if (keep && kept_.size() != i) {
      std::copy_n(pixels_.begin() + static_cast<std::ptrdiff_t>(i * photo_bytes_), photo_bytes_,
                  pixels_.begin() + static_cast<std::ptrdiff_t>(kept_.size() * photo_bytes_));
    }
    kept_.push_back(selected[i]);
    labels_.push_back(photo.label);
  }
}

std::uint32_t PhotoSamples::identity(std::int64_t sample) const {
  return static_cast<std::uint32_t>(kept_[static_cast<std::size_t>(sample)]);
}

void PhotoSamples::begin(std::vector<std::int64_t> order, std::int64_t batch) {
  order_ = std::move(order);
  batch_ = batch;
  first_ = -batch;
  if (in_memory() || order_.empty()) return;
  if (stream_) waited_ += stream_->seconds_waited();
  std::vector<std::int64_t> photos;
  for (const std::int64_t sample : order_) photos.push_back(kept_[static_cast<std::size_t>(sample)]);
  stream_ = std::make_unique<DecodedBatches>(photos_, std::move(photos),
                                             DecodedBatchesOptions{.batch = batch,
                                                                   .height = options_.height,
                                                                   .width = options_.width,
                                                                   .decode = options_.decode,
                                                                   .threads = options_.threads});
}

const SampleSource& PhotoSamples::next() {
  first_ += batch_;
  if (stream_) static_cast<FromStream&>(*source_).set(*stream_->next());
  return *source_;
}

double PhotoSamples::seconds_waited() const {
  return waited_ + (stream_ ? stream_->seconds_waited() : 0.0);
}

}  // namespace petal
