#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/descriptor.h"
#include "io/hdf5/contents.h"

namespace petal {

// One HDF5 file, open for reading: what it holds, in memory, and its numbers, read when asked for. Names of
// objects are paths from the root, "model_weights/dense"; "" and "/" are the root. Everything that fails is
// an Error(bad_input) that names the file.
//
// Reading trusts nothing. The library looks at the file in a process of its own, so that a file on which it
// crashes or loops is an Error like any other; numbers are read here, only from the file's own bytes.
// Different files may be used from different threads at once.
class Hdf5File {
 public:
  // Throws Error where the file is missing, a folder, not HDF5, or truncated, saying which.
  static Hdf5File open(const std::filesystem::path& file);
  // The same of a file that has no name of its own, such as an archive's member; `path` is for messages.
  static Hdf5File of(Descriptor file, const std::filesystem::path& path);
  // Whether the root has this attribute, without looking at the rest.
  static bool root_has_attribute(const std::filesystem::path& file, const std::string& name);

  const std::filesystem::path& path() const { return path_; }

  bool is_group(const std::string& object) const;
  bool is_dataset(const std::string& object) const;
  // Names of a group's members, soft and external links left out, sorted bytewise.
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
  const Hdf5Dataset& dataset(const std::string& object) const;
  // The numbers as float32, C order. `values` must have as many elements as the dataset.
  void read(const std::string& object, std::span<float> values) const;

 private:
  Hdf5File(std::filesystem::path path, Descriptor descriptor, Hdf5Contents contents);
  // Throws Error naming the file and, unless it is the root, the object.
  [[noreturn]] void fail(const std::string& object, const std::string& what) const;
  // Null where there is none of that path; throws where it lies in or is something broken.
  const Hdf5Object* find(const std::string& object) const;
  const Hdf5Object& require(const std::string& object) const;
  const std::vector<std::string>* find_strings(const std::string& object, const std::string& name) const;

  std::filesystem::path path_;
  Descriptor descriptor_;
  Hdf5Contents contents_;
};

}  // namespace petal
