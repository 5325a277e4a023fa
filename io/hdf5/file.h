#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/shape.h"

namespace petal {

// What a dataset is, known without reading its numbers.
struct Hdf5Dataset {
  Shape shape;
  std::string type;  // "float16", "float32", "float64", "int8" ... "uint64"
  // Where the numbers lie, as bytes of the file; none for datasets without elements or kept in their own
  // header.
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  std::vector<Piece> pieces;

  std::uint64_t stored_bytes() const;
};

// How a dataset is written.
struct Hdf5Storage {
  bool compress = false;  // shuffle and gzip, which Keras's h5py reads too
};

// One HDF5 file: the only place that speaks to the library. Names of objects are paths from the root,
// "model_weights/dense";
// "" and "/" are the root. Everything that fails is an Error that names the file.
//
// Reading trusts nothing: links are followed only inside the file (hard links), a path at most 32 groups
// deep; numbers come only from the file's own bytes, through the filters gzip, shuffle and fletcher32; sizes
// are checked against the file's before memory is taken. Errors of reading are ErrorKind::bad_input, of
// writing ErrorKind::failure.
//
// Different files may be used from different threads at once; one file from one thread at a time.
class Hdf5File {
 public:
  struct State;  // opaque: io/hdf5/handle.h

  // Throws Error where the file is missing, a folder, not HDF5, or truncated, saying which.
  static Hdf5File open(const std::filesystem::path& file);
  // Replaces what was there, once it is closed. Give it the path of write_atomically, and `close` at its end.
  static Hdf5File create(const std::filesystem::path& file);
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  ~Hdf5File();
  // Writes the file, which until then lies in memory; throws Error(failure) where the system refuses (disk
  // full). The destructor closes in silence and writes nothing.
  void close();

  const std::filesystem::path& path() const;

  // Reading.
  bool is_group(const std::string& object) const;
  bool is_dataset(const std::string& object) const;
  // Names of a group's hard-linked members, sorted bytewise.
  std::vector<std::string> members(const std::string& group) const;
  bool has_attribute(const std::string& object, const std::string& name) const;
  // A string attribute, of fixed or variable length, one element; nullopt where there is none of that name.
  // Throws where the object is missing or the attribute is not one string.
  std::optional<std::string> string_attribute(const std::string& object, const std::string& name) const;
  // An array of strings, also where Keras split it into name0, name1, ...; an attribute without elements, of
  // any type, is an empty array; nullopt where there is none of that name.
  std::optional<std::vector<std::string>> strings_attribute(const std::string& object,
                                                            const std::string& name) const;
  // Throws where the dataset is missing, holds no real numbers, or is stored in a way that is refused.
  Hdf5Dataset dataset(const std::string& object) const;
  // The numbers as float32, C order. `values` must have as many elements as the dataset.
  void read(const std::string& object, std::span<float> values) const;

  // Writing. Names must be new; groups on the way are made. Equal content gives equal bytes: no times are
  // kept.
  void create_group(const std::string& group);
  // Variable length, UTF-8, any size.
  void write_string_attribute(const std::string& object, const std::string& name, const std::string& value);
  // Fixed length, as Keras; over 64512 bytes split into name0, name1, ... as Keras. Throws where one string
  // alone is over.
  void write_strings_attribute(const std::string& object, const std::string& name,
                               std::span<const std::string> values);
  // float32.
  void write_dataset(const std::string& object, const Shape& shape, std::span<const float> values,
                     const Hdf5Storage& storage = {});

 private:
  explicit Hdf5File(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace petal
