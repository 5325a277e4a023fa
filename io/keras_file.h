#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/hdf5/file.h"
#include "io/zip_archive.h"

namespace petal {

// A file of Keras, open, of any kind: .h5 (weights alone or a whole model), .weights.h5, or a .keras archive.
struct KerasFile {
  Hdf5File weights;
  std::optional<std::string> config{};    // the whole model's, JSON; none: weights alone
  std::string config_where{};             // what errors in the config begin with
  std::string keras_version{};            // "" where not said
  std::optional<std::string> training{};  // how it was compiled, JSON
  // Petal's own: see save_model.
  std::optional<std::string> facts{}, checksum{};
  std::vector<ZipArchive::Member> members{};  // of a .keras archive; else empty

  // Told apart by their content, not their names. Throws Error(file).
  static KerasFile open(const std::filesystem::path& file);
};

// Whether the file holds a model_config or config.json, without reading the rest. Throws Error(file) where it
// is no such file.
bool has_keras_config(const std::filesystem::path& file);

// Members of a .keras archive.
inline const std::string keras_config_member = "config.json", keras_metadata_member = "metadata.json",
                         keras_weights_member = "model.weights.h5";

}  // namespace petal
