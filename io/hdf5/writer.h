#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "engine/shape.h"

namespace petal {

// How a dataset is written.
struct Hdf5Storage {
  bool compress = false;  // shuffle and gzip, which Keras's h5py reads too
};

// An HDF5 file while it is written. Names of objects are paths from the root; they must be new, groups on the
// way are made. Equal content gives equal bytes: no times are kept. Everything that fails is an
// Error(failure) that names the file. One file from one thread at a time.
class Hdf5Writer {
 public:
  // Replaces what was there, once it is closed. Give it the path of write_atomically, and `close` at its end.
  static Hdf5Writer create(const std::filesystem::path& file);
  Hdf5Writer(Hdf5Writer&&) noexcept;
  Hdf5Writer& operator=(Hdf5Writer&&) noexcept;
  ~Hdf5Writer();  // closes in silence and writes nothing

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

  // Writes the file, which until then lies in memory; throws Error where the system refuses (disk full).
  void close();
  // The same into memory: the file's bytes.
  std::string close_to_bytes();

 private:
  struct State;
  explicit Hdf5Writer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace petal
