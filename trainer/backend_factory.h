#pragma once

#include <functional>
#include <memory>

#include "engine/backend.h"

namespace petal {

// Makes a backend whose kernels run on `threads` threads. The trainer asks for one of one thread for each
// photo stream and for one of many where a single plan has the machine to itself; it never names a device.
// Called from one thread.
using BackendFactory = std::function<std::shared_ptr<const Backend>(int threads)>;

}  // namespace petal
