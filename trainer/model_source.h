#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/model.h"

namespace petal {

// Where a model comes from, as the tools take it. SOURCE is a run folder (its model.h5), a saved model file,
// a weights file with `model` naming its architecture, or the name of an architecture itself: then with
// `weights`, else with random numbers.
struct ModelSource {
  std::string source;
  std::string model{};              // the architecture of a weights file
  std::filesystem::path weights{};  // for an architecture by name
  std::filesystem::path labels{};   // a class name a line; names the classes where the file does not
  // Of an architecture, 0: its default; of a file whose size Keras left open.
  std::int64_t image_size = 0;
  float alpha = 1.0f;
  std::string preprocessing{};  // for a model file that does not bring it, as preprocessing_by_name reads it
  std::optional<bool> fast_decode{};  // nothing: as the model's file says
  bool ignore_exif = false;           // decode photos as Keras does, whatever the model's file says
};

// Whether the registry has it.
bool names_architecture(const std::string& name);

// Opens it: probabilities over photos in 0..255, decoding included; over what the file takes where
// Model::takes_photos is false. Throws Error that says what SOURCE can be where it is none of these;
// Error(--labels) where their number is not the model's; Error(--preprocessing) where it has its own;
// Error(--image-size) where a file has another.
Model open_model(const ModelSource& source);

// The lines of a file, without empty ones at its end. Throws Error(file) where it cannot be read or has none.
std::vector<std::string> read_labels(const std::filesystem::path& file);

}  // namespace petal
