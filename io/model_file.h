#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/model.h"

namespace petal {

// Writes a whole model, atomically, so that keras.models.load_model opens it: as a .keras archive where the
// file's name ends so, else in Keras 2's .h5 layout, which Keras 3 opens too. Petal's own facts (labels,
// architecture, decoding) and a checksum over config, facts and weights travel in it, as the root attributes
// `petal` and `petal_checksum` or as members of these names in metadata.json; Keras passes over them, and
// leaves them out when it saves the model again. Throws Error where the graph holds what Keras cannot (see
// to_keras_config), a weight is missing, a label is not UTF-8 or labels and classes differ in number;
// Error(failure) where it cannot write, and leaves what was there.
void save_model(const std::filesystem::path& file, const Model& model);

// Reads a whole model: Petal's own, whose checksum must be right, or a stranger's, .h5 with a model_config or
// .keras (labels and architecture then empty, and photos not turned upright by EXIF, as Keras decodes them).
// `image_size` is the height and width of an input whose size the file leaves open, 0 where not known. Throws
// Error(file).
Model load_model(const std::filesystem::path& file, std::int64_t image_size = 0);

// True where the file holds a whole model; false for weights alone. Throws Error(file) where it is neither.
bool is_whole_model(const std::filesystem::path& file);

// Petal's facts as `petal inspect` shows them, from their JSON: the labels, and the name of the architecture.
// Throws Error(`where`) where they are damaged or by a newer Petal.
void read_model_facts(const std::string& facts, const std::string& where, Model& model);

}  // namespace petal
