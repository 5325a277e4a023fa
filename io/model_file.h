#pragma once

#include <filesystem>

#include "engine/model.h"

namespace petal {

// Writes a whole model in Keras 2's .h5 layout, atomically: keras.models.load_model opens it. Petal's own
// facts (labels, architecture, decoding) are the root attribute `petal`, JSON, which Keras passes over.
// Throws Error where the graph holds what Keras cannot (see to_keras_config), a weight is missing, a label is
// not UTF-8 or labels and classes differ in number; Error(failure) where it cannot write, and leaves what was
// there.
void save_model(const std::filesystem::path& file, const Model& model);

// Reads a whole model: Petal's own, or a stranger's Keras .h5 with a model_config (labels and architecture
// then empty, and photos not turned upright by EXIF, as Keras decodes them). Throws Error(file).
Model load_model(const std::filesystem::path& file);

// True where the file is HDF5 and holds a model_config; false for weights alone. Throws Error(file) where it
// is neither.
bool is_whole_model(const std::filesystem::path& file);

}  // namespace petal
