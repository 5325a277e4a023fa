#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/backend.h"
#include "engine/passes/passes.h"
#include "io/image/image.h"

namespace petal {

// XXH3, 128 bits.
struct ContentKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::string to_string() const;  // 32 hexadecimal digits
  friend bool operator==(const ContentKey&, const ContentKey&) = default;
};

// What all rows of one cache file have in common: the frozen network (structure, image size and preprocessing
// with it, and every number of its weights), how photos are decoded, the precision and the backend that
// computes in it.
ContentKey feature_key(const Network& frozen, const DecodeOptions& decode, Precision precision,
                       const std::string& backend);
// One photo's features: the above and every byte of the file. Names and times do not matter.
ContentKey photo_key(const ContentKey& features, std::span<const std::byte> bytes);

// $XDG_CACHE_HOME/petal, or ~/.cache/petal; nothing where neither variable is set.
std::optional<std::filesystem::path> default_cache_folder();

// Features on disk, one file a feature key: "FOLDER/features-KEY.bin". A header and the index (photo keys, a
// checksum a row), themselves under a checksum, then the rows. Rows are read one by one when they are asked
// for, so that nothing is held in memory twice. Whatever does not agree with its checksum is not served.
class FeatureCache {
 public:
  // Opens the file where there is one. A missing file is an empty cache; one that is damaged, truncated, of
  // another version or another key is an empty cache with a `complaint`. Throws nothing of the file's making.
  FeatureCache(std::filesystem::path folder, const ContentKey& features, std::int64_t width);
  ~FeatureCache();
  FeatureCache(FeatureCache&&) noexcept;

  const std::filesystem::path& file() const { return file_; }
  const ContentKey& features() const { return features_; }
  std::int64_t size() const { return static_cast<std::int64_t>(index_.size()); }
  // What was wrong with the file, "" where nothing was.
  const std::string& complaint() const { return complaint_; }

  // Reads a photo's features into dst (`width` numbers); false where they are not there or fail their
  // checksum (then `complaint` says so and they count as not there).
  bool find(const ContentKey& photo, float* dst);
  // Rewrites the file, atomically, with the rows that are there and those of `keys`; row(i) is read while
  // writing. Makes the folder where needed. Throws Error(file, failure) where it cannot be written.
  void add(std::span<const ContentKey> keys, const std::function<std::span<const float>(std::size_t i)>& row);

 private:
  struct Slot {
    std::int64_t row = 0;
    std::uint64_t checksum = 0;
  };
  struct KeyHash {
    std::size_t operator()(const ContentKey& key) const { return key.low; }
  };
  void open();
  std::string read_index();
  bool read_row(const ContentKey& photo, const Slot& slot, float* dst) const;

  std::filesystem::path file_;
  ContentKey features_;
  std::int64_t width_ = 0;
  int descriptor_ = -1;
  std::int64_t rows_offset_ = 0;
  std::unordered_map<ContentKey, Slot, KeyHash> index_;
  std::string complaint_;
};

}  // namespace petal
