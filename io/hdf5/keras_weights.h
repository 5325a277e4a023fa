#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/passes/passes.h"
#include "io/hdf5/file.h"
#include "io/keras_place.h"

namespace petal {

struct ImportOptions {
  // Layers of the file that are left out on purpose, by name (a replaced head: {"Logits", "predictions"}).
  // Naming one that the file lacks is no error.
  std::vector<std::string> exclude_file_layers{};
  // Layers of the graph that are not filled on purpose: their entries in the store stay as they are.
  std::vector<std::string> keep_layers{};
  // Where the config that the weights belong to says that Keras keeps the layers; empty: not known.
  std::vector<KerasPlace> places{};
};

// What an import did, for printing: "260 tensors, 2257984 parameters, by name; excluded: Logits".
struct ImportTally {
  int tensors = 0;
  std::int64_t parameters = 0;
  std::string matched_by;  // "name", "order", or "name, 'Logits' as 'predictions'"
  std::vector<std::string> excluded;
  std::string to_string() const;
};

// Reads weights written by Keras 2 or Keras 3 (legacy .h5: weights-only or whole model; .weights.h5; .keras)
// into the store: a bijection. Every tensor of the file is consumed, every weight of the graph is filled,
// every shape agrees; else Error(file) lists what does not match, layers and both shapes, and the store is
// unchanged. Only a layer whose weights the graph states itself (Initializer::Kind::values) may be missing
// from the file. Layers are matched by their places where these are known, else by name; where no name of the
// file's is known (auto-numbered models), by order with equal shapes. Throws Error also where the file is
// missing, not HDF5, truncated or holds no Keras weights, saying which.
ImportTally load_keras_weights(const std::filesystem::path& file, const Graph& graph, Weights& weights,
                               const ImportOptions& options = {});
// The same from a file that is open already.
ImportTally load_keras_weights(const Hdf5File& file, const Graph& graph, Weights& weights,
                               const ImportOptions& options = {});

// Writes the weights alone, atomically, in the layout of Keras 3's model.save_weights("NAME.weights.h5").
// Throws Error where one is missing; Error(failure) where it cannot write.
void save_keras_weights(const std::filesystem::path& file, const Network& network);

// XXH3-64 of the file's bytes, for cache keys; equal on every machine. Throws Error where it cannot be read.
std::uint64_t file_hash(const std::filesystem::path& file);

}  // namespace petal
