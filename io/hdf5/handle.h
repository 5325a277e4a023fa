#pragma once

// Private to io/hdf5: of all files only those that include this one speak to the library.
#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace petal {

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

// Held by whoever is in the library, so that no process is forked with the library in the middle of a call.
std::mutex& hdf5_in_use();

// Stops the library from printing its errors, and from loading filters that a file names; for each thread
// once.
void silence_hdf5();

// The innermost entry of the library's error stack: the reason, where the outer ones only name calls. ""
// where there is none. To be asked right after a call has failed: closing a handle in between loses it.
std::string hdf5_reason();
// " (HDF5: REASON)", or nothing.
std::string with_hdf5_reason(const std::string& what);

}  // namespace petal
