#pragma once

// Private to io/hdf5/file*.cpp: the only files that include the library's header.
#include <hdf5.h>

#include <filesystem>
#include <string>
#include <utility>

#include "engine/error.h"
#include "io/hdf5/file.h"

namespace petal {

#ifndef H5_HAVE_THREADSAFE
#error "Petal needs a thread-safe build of HDF5 (Debian's libhdf5-dev is one)"
#endif

// An identifier of the library with the function that releases it.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() { release(); }

  hid_t id() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  // Closes now; false where the library could not.
  bool release() { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

struct Hdf5File::State {
  std::filesystem::path path;
  Hdf5Handle file;
  bool writing = false;     // the file lies in memory until it is closed
  std::uint64_t bytes = 0;  // the file's size when it was opened for reading

  // Throws Error naming the file and, unless it is the root, the object.
  [[noreturn]] void fail(const std::string& object, const std::string& what,
                         ErrorKind kind = ErrorKind::bad_input) const;
  // The same right after a call of the library has failed, with its reason. Closing a handle in between loses
  // it.
  [[noreturn]] void fail_call(const std::string& object, const std::string& what,
                              ErrorKind kind = ErrorKind::bad_input) const;
  // The object, reached through hard links alone; empty where there is none of that path.
  Hdf5Handle find(const std::string& object) const;
  Hdf5Handle require(const std::string& object) const;
  // All elements of one attribute of strings; nullopt where there is none of that name.
  std::optional<std::vector<std::string>> read_strings(const std::string& object,
                                                       const std::string& name) const;
  // The elements of an attribute of variable-length strings; nullopt where one is damaged.
  std::optional<std::vector<std::string>> read_variable_strings(hid_t attribute, std::size_t count) const;
  // `data` null: an attribute without elements.
  void write_attribute(const std::string& object, const std::string& name, hid_t type, hid_t space,
                       const void* data) const;
};

// Stops the library from printing its errors; for each thread once. Every entry to the library calls it.
void silence_hdf5();

}  // namespace petal
