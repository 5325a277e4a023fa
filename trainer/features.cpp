#include "trainer/features.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"
#include "trainer/workers.h"

namespace petal {
namespace {

class Extraction {
 public:
  Extraction(const Network& frozen, std::span<const Photo> photos, const BackendFactory& backends,
             const FeatureOptions& options)
      : frozen_(frozen),
        photos_(photos),
        backends_(backends),
        options_(options),
        width_(row_width(frozen.graph)),
        rows_(Shape{count(), width_}),
        keys_(photos.size()),
        cached_(photos.size(), 0) {}

  Features run() {
    if (photos_.empty()) throw Error("photos", "there are none to compute features of");
    if (options_.cache) read_cache(*options_.cache);
    const PhotoStreamReport report = compute();
    if (cache_) write_cache(report);
    if (report.stopped) {
      throw Error("features",
                  "interrupted after " +
                      std::to_string(features_.tally.from_cache + features_.tally.computed) + " of " +
                      std::to_string(count()) + " photos" +
                      (cache_ ? "; what was computed is in the cache" : ""),
                  ErrorKind::interrupted);
    }
    collect(report);
    return std::move(features_);
  }

 private:
  std::int64_t count() const { return static_cast<std::int64_t>(photos_.size()); }
  bool stopped() const { return options_.stream.stop && *options_.stream.stop; }
  std::span<float> row(std::size_t photo) {
    return rows_.values<float>().subspan(photo * static_cast<std::size_t>(width_),
                                         static_cast<std::size_t>(width_));
  }

  void read_cache(const std::filesystem::path& folder) {
    cache_.emplace(
        folder, feature_key(frozen_, options_.stream.decode, options_.stream.precision, backends_(1)->name()),
        width_);
    // An empty cache answers without a look at the photos; their keys come with their decoding.
    if (cache_->size() > 0) {
      parallel_for(count(), resolve_threads(options_.stream.threads), [&](std::int64_t i) { hash(i); });
      for (std::size_t i = 0; i < photos_.size(); ++i) {
        cached_[i] = keys_[i] && cache_->find(*keys_[i], row(i).data()) ? 1 : 0;
      }
      features_.tally.from_cache = std::ranges::count(cached_, 1);
    }
    if (!cache_->complaint().empty()) {
      features_.cache_notes.push_back(cache_->file().string() + ": " + cache_->complaint() +
                                      "; what it lacks is computed anew");
    }
  }

  void hash(std::int64_t i) {
    if (stopped()) return;
    try {
      keys_[static_cast<std::size_t>(i)] =
          photo_key(cache_->features(), read_file(photos_[static_cast<std::size_t>(i)].path));
    } catch (const Error&) {
      // Unreadable: the stream meets it again and says so.
    }
  }

  PhotoStreamReport compute() {
    std::vector<std::int64_t> missing;
    for (std::int64_t i = 0; i < count(); ++i) {
      if (!cached_[static_cast<std::size_t>(i)]) missing.push_back(i);
    }
    PhotoStreamOptions stream = options_.stream;
    if (cache_) {
      // The key is that of the bytes which were decoded, though the file change between two looks at it.
      stream.seen = [&](std::int64_t i, std::span<const std::byte> bytes) {
        keys_[static_cast<std::size_t>(i)] = photo_key(cache_->features(), bytes);
      };
    }
    if (options_.stream.progress) {
      stream.progress = [&](std::int64_t done, std::int64_t) {
        options_.stream.progress(features_.tally.from_cache + done, count());
      };
    }
    PhotoStreamReport report = run_photos(frozen_, photos_, missing, backends_, stream, rows_);
    features_.tally.computed = report.count(PhotoOutcome::State::decoded);
    features_.tally.skipped = report.count(PhotoOutcome::State::skipped);
    return report;
  }

  void write_cache(const PhotoStreamReport& report) {
    std::vector<ContentKey> keys;
    std::vector<std::size_t> photos;
    for (std::size_t i = 0; i < photos_.size(); ++i) {
      const PhotoOutcome& outcome = report.outcomes[i];
      if (outcome.state != PhotoOutcome::State::decoded || !outcome.message.empty()) continue;
      keys.push_back(*keys_[i]);
      photos.push_back(i);
    }
    if (keys.empty()) return;
    try {
      cache_->add(keys, [&](std::size_t i) { return row(photos[i]); });
    } catch (const Error& error) {
      features_.cache_notes.push_back(std::string(error.what()) + "; going on without the cache");
    }
  }

  // Closes the gaps that skipped photos left.
  void collect(const PhotoStreamReport& report) {
    features_.skipped = messages(photos_, report, PhotoOutcome::State::skipped);
    features_.warnings = messages(photos_, report, PhotoOutcome::State::decoded);
    for (std::size_t i = 0; i < photos_.size(); ++i) {
      if (report.outcomes[i].state != PhotoOutcome::State::skipped) {
        features_.photos.push_back(static_cast<std::int64_t>(i));
      }
    }
    if (features_.photos.empty()) {
      throw Error("photos", "not one of " + std::to_string(count()) +
                                " could be decoded; the first: " + features_.skipped.front().message);
    }
    if (features_.skipped.empty()) {
      features_.rows = std::move(rows_);
      return;
    }
    features_.rows = Tensor(Shape{static_cast<std::int64_t>(features_.photos.size()), width_});
    float* dst = features_.rows.values<float>().data();
    for (const std::int64_t photo : features_.photos) {
      dst = std::ranges::copy(row(static_cast<std::size_t>(photo)), dst).out;
    }
  }

  const Network& frozen_;
  std::span<const Photo> photos_;
  const BackendFactory& backends_;
  const FeatureOptions& options_;
  std::int64_t width_;
  Tensor rows_;
  std::vector<std::optional<ContentKey>> keys_;
  std::vector<char> cached_;
  std::optional<FeatureCache> cache_;
  Features features_;
};

}  // namespace

Features extract_features(const Network& frozen, std::span<const Photo> photos,
                          const BackendFactory& backends, const FeatureOptions& options) {
  return Extraction(frozen, photos, backends, options).run();
}

}  // namespace petal
