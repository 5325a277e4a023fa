#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/weights.h"

namespace petal {

struct ImportOptions {
  // Layers of the file that are left out on purpose, by name (a replaced head: {"Logits", "predictions"}).
  // Naming one that the file lacks is no error.
  std::vector<std::string> exclude_file_layers{};
  // Layers of the graph that are not filled on purpose: their entries in the store stay as they are.
  std::vector<std::string> keep_layers{};
};

// What an import did, for printing: "260 tensors, 2257984 parameters, by name; excluded: Logits".
struct ImportTally {
  int tensors = 0;
  std::int64_t parameters = 0;
  std::string matched_by;  // "name", "order", or "name, 'Logits' as 'predictions'"
  std::vector<std::string> excluded;
  std::string to_string() const;
};

// Reads weights written by Keras 2 or Keras 3 (legacy .h5: weights-only or whole model; .weights.h5) into the
// store: a bijection. Every tensor of the file is consumed, every weight of the graph is filled, every shape
// agrees; else Error(file) lists what does not match, layers and both shapes, and the store is unchanged.
// Only a layer whose weights the graph states itself (Initializer::Kind::values) may be missing from the
// file. Layers are matched by name; where no name of the file's is known (auto-numbered models), by order
// with equal shapes. Throws Error also where the file is missing, not HDF5, truncated or holds no Keras
// weights, saying which.
ImportTally load_keras_weights(const std::filesystem::path& file, const Graph& graph, Weights& weights,
                               const ImportOptions& options = {});

// What a file holds, for `petal inspect`: a line a tensor.
struct FileTensor {
  std::string layer;   // "Conv1"
  std::string weight;  // "kernel"
  Shape shape;
  std::string type;  // "float32"
};
struct FileContents {
  std::string layout;         // "Keras 2 weights", "Keras 2 model", "Keras 3 weights"
  std::string keras_version;  // "" where not said
  std::vector<FileTensor> tensors;
};
FileContents inspect_keras_file(const std::filesystem::path& file);

// XXH3-64 of the file's bytes, for cache keys; equal on every machine. Throws Error where it cannot be read.
std::uint64_t file_hash(const std::filesystem::path& file);

}  // namespace petal
