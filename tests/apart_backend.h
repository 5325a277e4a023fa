#pragma once

#include <memory>

#include "engine/backend.h"
#include "kernels/cuda/launch.h"
#include "tests/apart_memory.h"

namespace petal::testing {

// A backend's kernels over memory that no one may touch but they and the copies of Memory, and at work as
// late as may be: the host reading or writing that memory ends the program, what it reads without waiting is
// stale, and a kernel that is handed memory of the host throws. What a plan computes here it computes on a
// device. With the queue of the backend's loops work is recorded too: their arguments are kept as they were.
std::shared_ptr<const Backend> make_apart_backend(std::shared_ptr<const Backend> backend,
                                                  std::shared_ptr<const ApartMemory> memory,
                                                  std::shared_ptr<cuda::HostQueue> queue = nullptr);
// The reference's.
std::shared_ptr<const Backend> make_apart_backend();

}  // namespace petal::testing
