#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "trainer/fit.h"

namespace petal {

// Where a training stood when it was saved.
struct SavedTraining {
  int phase = 0;    // 0: the head, or the whole network from scratch; 1: fine-tuning
  History earlier;  // of the phases before
  FitState state;
};

// The checkpoint of one training: "FOLDER/training.checkpoint" and, to look at, "FOLDER/history.csv".
class TrainingCheckpoint {
 public:
  // `identity`: what must be the same in the training that goes on, by the name of its flag.
  TrainingCheckpoint(std::filesystem::path folder, std::map<std::string, std::string> identity);

  bool exists() const;
  // Throws Error(file, failure) where it cannot be written; the one before is then still there.
  void save(const SavedTraining& saved) const;
  // Throws Error(file) for damage, and where the identities differ, naming what does.
  SavedTraining load() const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path file() const { return folder_ / "training.checkpoint"; }
  std::filesystem::path folder_;
  std::map<std::string, std::string> identity_;
};

}  // namespace petal
