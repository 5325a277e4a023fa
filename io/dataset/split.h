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

// Stable under adding files and moving the root: each photo's subset follows from XXH3_64 of its name below
// the data folder, without its suffix and without everything from "_nohash_" on, so that near-duplicates,
// which share that name, stay together (retrain.py's rule, on the relative path). The top 53 bits make a
// number in [0, 1): below `validation` is validation, the next `test` is test, the rest training. Fractions
// are met on average. A class that would end with no training, test or validation group (in this order, as
// far as its groups reach) is given the one of its groups whose number is nearest.
struct HashSplit {
  double validation = 0.1;
  double test = 0.1;
};

// Every class gets its share of each subset, to within one image and, where the fraction is positive and the
// class has enough images, at least one (training first, then test, then validation); shuffled by the seed.
struct StratifiedSplit {
  double validation = 0.1;
  double test = 0.1;
  std::uint64_t seed = 1;
};

// Bit for bit image_dataset_from_directory(validation_split=validation, seed=seed): numpy's
// RandomState(seed).shuffle over the photos in Keras's order; the last int(validation * n) are validation. No
// test subset unless `test` > 0: then the last int(test * n) of what is left for training becomes the test
// set.
struct KerasSplit {
  double validation = 0.2;
  double test = 0.0;
  std::uint32_t seed = 1;
};

using SplitMethod = std::variant<HashSplit, StratifiedSplit, KerasSplit>;

// Throws Error(--validation-split or --test-split) where a fraction is outside [0, 1), both leave nothing to
// train on, or KerasSplit's rounds to no photo; and Error(CLASS) where a class has too few images (or, with
// HashSplit, groups) to train and to be held out, or KerasSplit's shuffle leaves it none to train on, naming
// it and the mend.
SplitAssignment split(const ImageFolder& folder, const SplitMethod& method);

// The order in which Keras would draw the photos: numpy's RandomState(seed).shuffle of 0..n-1.
std::vector<std::uint32_t> numpy_shuffle(std::uint32_t seed, std::uint32_t n);

// Writes path,label,subset below a line that says so, a line a photo (RFC 4180 quoting, lines end in \n),
// atomically. The path is the photo's name below the data folder. Throws Error(file, failure) where it cannot
// be written.
void write_split(const std::filesystem::path& file, const ImageFolder& folder,
                 const SplitAssignment& assignment);
// Reads it back for the folder's photos, by name, whatever their order. Throws Error(file) for a malformed
// line, a photo that is missing here or in the file, one that is listed twice, or a label that differs.
SplitAssignment read_split(const std::filesystem::path& file, const ImageFolder& folder);

}  // namespace petal
