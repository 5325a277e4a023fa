#pragma once

#include <nccl.h>

#include <string_view>

namespace petal::cuda {

// The functions of libnccl that are called here, found when they are asked for.
struct Nccl {
  decltype(&ncclGetVersion) get_version = nullptr;
  decltype(&ncclGetErrorString) error_string = nullptr;
  decltype(&ncclGetLastError) last_error = nullptr;
  decltype(&ncclCommInitAll) init_all = nullptr;
  decltype(&ncclCommDestroy) destroy = nullptr;
  decltype(&ncclCommAbort) abort = nullptr;
  decltype(&ncclGroupStart) group_start = nullptr;
  decltype(&ncclGroupEnd) group_end = nullptr;
  decltype(&ncclAllReduce) all_reduce = nullptr;

  // Throws Error(failure) with the failing expression and NCCL's own words.
  void require(ncclResult_t status, const char* expression) const;
};

// Loaded once by the system however often it is asked, and for good. Throws Error("--device") where it is not
// found, lacks one of these or is too old.
Nccl load_nccl();

}  // namespace petal::cuda
