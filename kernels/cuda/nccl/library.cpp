#include "kernels/cuda/nccl/library.h"

#include <dlfcn.h>

#include <string>

#include "engine/error.h"

namespace petal::cuda {
namespace {

constexpr const char* library = "libnccl.so.2";
// The first in which communicators of one process are aborted as a group.
constexpr int oldest = NCCL_VERSION(2, 22, 0);

[[noreturn]] void refuse(const std::string& reason) {
  throw Error("--device", "several devices train together through NCCL, and " + reason +
                              "; install NCCL 2.22 or later (libnccl2) where the dynamic linker looks, or "
                              "name one device");
}

template <class Function>
void find(void* loaded, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(loaded, name));
  if (function == nullptr) refuse(std::string(library) + " lacks " + name);
}

}  // namespace

void Nccl::require(ncclResult_t status, const char* expression) const {
  if (status == ncclSuccess) return;
  throw Error(
      "devices",
      std::string("NCCL failed: ") + error_string(status) + " (" + last_error(nullptr) + ") in " + expression,
      ErrorKind::failure);
}

Nccl load_nccl() {
  void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) refuse(std::string("it is not found (") + dlerror() + ")");
  Nccl nccl;
  find(loaded, "ncclGetVersion", nccl.get_version);
  find(loaded, "ncclGetErrorString", nccl.error_string);
  find(loaded, "ncclGetLastError", nccl.last_error);
  find(loaded, "ncclCommInitAll", nccl.init_all);
  find(loaded, "ncclCommDestroy", nccl.destroy);
  find(loaded, "ncclCommAbort", nccl.abort);
  find(loaded, "ncclGroupStart", nccl.group_start);
  find(loaded, "ncclGroupEnd", nccl.group_end);
  find(loaded, "ncclAllReduce", nccl.all_reduce);
  int version = 0;
  nccl.require(nccl.get_version(&version), "ncclGetVersion");
  if (version < oldest) {
    refuse("this one is " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100));
  }
  return nccl;
}

}  // namespace petal::cuda
