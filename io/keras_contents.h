#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/shape.h"
#include "io/zip_archive.h"

namespace petal {

// What a file of weights or a whole model holds, for `petal inspect`.
struct FileTensor {
  std::string layer;   // "Conv1"
  std::string weight;  // "kernel"
  Shape shape;
  std::string type;         // "float32"
  std::string compression;  // "gzip, shuffle"; "" where there is none
  std::uint64_t stored_bytes = 0;
};

// A layer of the config; those of models inside stand behind their model.
struct FileLayer {
  std::string name, class_name;
  int depth = 0;  // 1 for a layer of a model inside
};

struct FileValue {
  std::string name;
  Shape shape;
};

struct FileModel {
  std::string name, class_name;
  std::vector<FileLayer> layers;
  std::vector<FileValue> inputs, outputs;
  std::string unreadable;  // why Petal cannot build it; then inputs and outputs are empty
  std::string compiled;    // "Adam, categorical_crossentropy"; "" where it was not
  std::vector<std::string> labels;
  std::string architecture;
};

struct FileContents {
  std::string layout;         // "Keras 2 weights", "Keras 2 model", "Keras 3 weights", "Keras 3 model"
  std::string keras_version;  // "" where not said
  std::vector<FileTensor> tensors;
  std::optional<FileModel> model;           // of a whole model
  std::vector<ZipArchive::Member> members;  // of a .keras archive
};

// Throws Error(file) where it holds no Keras weights. A model that Petal cannot build is none.
FileContents inspect_keras_file(const std::filesystem::path& file);

}  // namespace petal
