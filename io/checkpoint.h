#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "engine/weights.h"

namespace petal {

// What a training needs to go on as if it had never stopped, as named values; the trainer says which. Every
// bit of them survives the file, NaN payloads and -0 too.
//
// The file is a small binary of its own and not HDF5: it is read by Petal alone, as a whole, and one checksum
// over all of it, which HDF5 lacks, is what tells damage apart. All numbers are little-endian:
//   "PETALCKP"; uint32 layout version, 1
//   five tables, each a uint64 count and so many entries in order of their names, each entry a name and a
//   value: identity (text), texts (text), integers (uint64), numbers (float64), tensors (uint8 DataType,
//   uint8 rank, int64 dimensions, the elements)
//   uint64 XXH3 of everything before it
// Names and texts are a uint64 length and the bytes.
struct Checkpoint {
  // What must be the same in the training that goes on: the network (graph_fingerprint) and the options that
  // change its numbers.
  std::map<std::string, std::string> identity;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::uint64_t> integers;
  std::map<std::string, double> numbers;
  std::map<std::string, std::shared_ptr<const Tensor>> tensors;

  // Throw Error(checkpoint) that names what is missing.
  const std::string& text(const std::string& name) const;
  std::uint64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  const Tensor& tensor(const std::string& name) const;
};

// Replaces the file once the new one is whole and on the disk (io/atomic_file.h). Throws Error(file,
// failure).
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

// Throws Error(file) where it is missing, no checkpoint, of another layout version, truncated or damaged.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// Throws Error(file): "is of another model: NAME is 'A', here it is 'B'; ..." where the identities differ.
void require_identity(const std::filesystem::path& file, const Checkpoint& checkpoint,
                      const std::map<std::string, std::string>& expected);

// A hash, as text, of everything that Keras's config says of the graph: layers, names, shapes, options, what
// is trainable. Throws as to_keras_config.
std::string graph_fingerprint(const Graph& graph);

// Files every tensor of the store as "PREFIX/LAYER/kernel", shared, not copied.
void add_weights(Checkpoint& checkpoint, const std::string& prefix, const Weights& weights);
// What add_weights filed, as the graph declares it. Throws Error(checkpoint) that names the first tensor
// which is missing or of another shape.
Weights weights_of(const Checkpoint& checkpoint, const std::string& prefix, const Graph& graph);

}  // namespace petal
