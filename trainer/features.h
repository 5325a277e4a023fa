#pragma once

#include <filesystem>
#include <optional>

#include "trainer/feature_cache.h"
#include "trainer/photo_stream.h"

namespace petal {

struct FeatureOptions {
  PhotoStreamOptions stream;                     // its `seen` is the extraction's own
  std::optional<std::filesystem::path> cache{};  // the folder; nothing: no cache
};

struct FeatureTally {
  std::int64_t from_cache = 0;
  std::int64_t computed = 0;
  std::int64_t skipped = 0;
};

struct Features {
  Tensor rows;                       // (m, row_width), float32: a row a decoded photo
  std::vector<std::int64_t> photos;  // the photo of each row, ascending
  FeatureTally tally;
  std::vector<PhotoMessage> skipped;
  std::vector<PhotoMessage> warnings;  // of decoders
  std::vector<std::string>
      cache_notes;  // a cache that was damaged or cannot be written; the features are right all the same
};

// What a frozen network makes of the photos: rows by content from the cache, the others computed and put
// there. Photos with a decoder's warning are never cached, so that the warning comes every time. Throws
// Error(features, interrupted) where the stop flag was set, after what was computed has been put into the
// cache; Error(photos) where not one could be decoded.
Features extract_features(const Network& frozen, std::span<const Photo> photos,
                          const BackendFactory& backends, const FeatureOptions& options);

}  // namespace petal
