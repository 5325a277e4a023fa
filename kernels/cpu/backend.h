#pragma once

#include <memory>
#include <string>

#include "engine/backend.h"

namespace petal {

// The CPU through oneDNN, NHWC from end to end. `threads` 0 takes the cores that this process may run on.
// Kernels run under the thread count that they were prepared with.
std::shared_ptr<const Backend> make_cpu_backend(int threads = 0);

// "oneDNN 2.6.3, AVX2, OpenMP": what the kernels are made of, for `petal devices` and reports.
std::string cpu_backend_description();

}  // namespace petal
