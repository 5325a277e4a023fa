#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/shape.h"

namespace petal {

// How numbers are packed in a chunk; of HDF5's filters those that Keras's h5py uses without being asked
// twice.
enum class Hdf5Filter : std::uint8_t { gzip, shuffle, fletcher32 };

// What a dataset is and where its numbers lie, known without reading them.
struct Hdf5Dataset {
  Shape shape;
  std::string type;  // "float16", "float32", "float64", "int8" ... "uint64"
  bool big_endian = false;
  // Bytes of the file: all numbers in C order, or a piece a chunk, chunks in C order too. None for datasets
  // without elements or kept in their own header.
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Piece> pieces;
  std::vector<std::uint64_t> chunk;  // its shape; empty where the numbers are not chunked
  std::vector<Hdf5Filter> filters;   // in the order in which a chunk was packed
  std::string header_bytes;          // the numbers themselves, where they stand in the header

  std::uint64_t element_bytes() const;
  std::uint64_t stored_bytes() const;
  // Of a chunked dataset: how many chunks stand side by side in that direction.
  std::uint64_t chunks_along(std::size_t axis) const {
    return (static_cast<std::uint64_t>(shape[axis]) + chunk[axis] - 1) / chunk[axis];
  }
};

// Text of an attribute. `fault`: why it cannot be had; it is no fault of the file until someone asks for it.
struct Hdf5Attribute {
  std::string fault;
  std::vector<std::string> strings;
};

// A group or a dataset; a link out of the file or by name, which is not followed; or a name whose object
// cannot be had. `fault` says why the last two, or a part of the first two, cannot be had.
struct Hdf5Object {
  enum class Kind : std::uint8_t { group, dataset, link, broken };
  Kind kind = Kind::group;
  std::string fault;
  std::map<std::string, Hdf5Attribute> attributes;
  Hdf5Dataset dataset;
};

// All that a file holds but the numbers of its datasets.
struct Hdf5Contents {
  std::string fault;  // why there is nothing else here
  // By path from the root, "model_weights/dense"; the root is "".
  std::map<std::string, Hdf5Object> objects;

  std::string to_bytes() const;
  // Nothing where these are no bytes of to_bytes; whatever they are, what comes back is in its bounds.
  static std::optional<Hdf5Contents> from_bytes(std::string_view bytes);
};

}  // namespace petal
