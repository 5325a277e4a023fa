#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <variant>
#include <vector>

#include "io/dataset/image_folder.h"

namespace petal {

enum class Subset { train, validation, test };
std::string_view to_string(Subset subset);

// One entry a photo of the folder, in its order.
using SplitAssignment = std::vector<Subset>;

// Stable under adding and moving files: each photo's subset follows from a hash of its name below the data folder, with
// everything from "_nohash_" to the suffix left out, so that near-duplicates stay together (retrain.py's rule, on the
// relative path). Fractions are met on average. A class that would end with no training, validation or test image (where its
// fraction is positive and it has enough images) is given the one of its groups whose hash is nearest.
struct HashSplit {
  double validation = 0.1;
  double test = 0.1;
};

// Every class gets its share of each subset, to within one image and, where the fraction is positive and the class has
// enough images, at least one; shuffled by the seed.
struct StratifiedSplit {
  double validation = 0.1;
  double test = 0.1;
  std::uint64_t seed = 1;
};

// Bit for bit image_dataset_from_directory(validation_split=validation, seed=seed): numpy's RandomState(seed).shuffle over
// the photos in Keras's order; the last int(validation * n) are validation. No test subset unless `test` > 0: then the last
// int(test * n) of what is left for training becomes the test set.
struct KerasSplit {
  double validation = 0.2;
  double test = 0.0;
  std::uint32_t seed = 1;
};

using SplitMethod = std::variant<HashSplit, StratifiedSplit, KerasSplit>;

// Throws Error(--validation-split or --test-split) where a fraction is outside [0, 1) or both leave nothing to train on; and
// Error(CLASS) where a class has too few images to train and be tested (a class with one image), naming it and the mend.
SplitAssignment split(const ImageFolder& folder, const SplitMethod& method);

// The order in which Keras would draw the photos: numpy's RandomState(seed).shuffle of 0..n-1.
std::vector<std::uint32_t> numpy_shuffle(std::uint32_t seed, std::uint32_t n);

// Writes path,label,subset (RFC 4180 quoting), a line a photo, atomically.
void write_split(const std::filesystem::path& file, const ImageFolder& folder, const SplitAssignment& assignment);
// Reads it back for the folder's photos, by name. Throws Error(file) for a malformed line, a photo that is missing here, or
// a label that differs.
SplitAssignment read_split(const std::filesystem::path& file, const ImageFolder& folder);

}  // namespace petal
