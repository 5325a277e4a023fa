#include "io/hdf5/handle.h"

namespace petal {

std::mutex& hdf5_in_use() {
  static std::mutex mutex;
  return mutex;
}

void silence_hdf5() {
  // The error handler is the thread's own in a thread-safe build of the library.
  thread_local const bool silent = [] {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(silent);
}

std::string hdf5_reason() {
  std::string reason;
  auto keep_first = [](unsigned index, const H5E_error2_t* entry, void* target) -> herr_t {
    if (index == 0 && entry->desc) static_cast<std::string*>(target)->assign(entry->desc);
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  return reason;
}

std::string with_hdf5_reason(const std::string& what) {
  const std::string reason = hdf5_reason();
  return reason.empty() ? what : what + " (HDF5: " + reason + ")";
}

}  // namespace petal
