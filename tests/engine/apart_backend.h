#pragma once

#include <memory>

#include "engine/backend.h"

namespace petal::testing {

// The reference backend's kernels over memory that no one may touch but they and the copies of Memory: the
// host reading or writing it ends the program, and a kernel that is handed memory of the host throws. What a
// plan computes here it computes on a device.
std::shared_ptr<const Backend> make_apart_backend();

}  // namespace petal::testing
