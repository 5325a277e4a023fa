#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "io/dataset/image_folder.h"
#include "io/dataset/split.h"

namespace petal {

// Photos with their subsets.
struct Dataset {
  ImageFolder folder;
  SplitAssignment split;
  std::vector<std::string> notes;  // what a user should know of how the subsets came about

  std::int64_t count(Subset subset) const;
  // The subset that a model is judged on: test, or where there is none validation.
  Subset evaluated() const { return count(Subset::test) > 0 ? Subset::test : Subset::validation; }
};

// "hash", "stratified", "keras". Throws Error(--split) that lists them.
SplitMethod split_method(std::string_view name, double validation, double test, std::uint64_t seed);

// Scans DATA and gives each photo its subset. Where DATA holds a folder `train` and beside it `validation` or
// `test` (or both), each with the class folders inside, those are the subsets and nothing is split, but that
// without `validation` the method takes its validation share (no test share) from train; else DATA holds the
// class folders and the method splits them. Throws Error for what scan_folder and split refuse, for a class
// folder that train lacks, and where there is nothing to evaluate on.
Dataset load_dataset(const std::filesystem::path& data, const SplitMethod& method);

}  // namespace petal
