#pragma once

#include <memory>

#include "engine/backend.h"

namespace petal::testing {

// Memory that only what visits it may touch: kernels at work, and the functions of Memory.
class ApartMemory;
std::shared_ptr<ApartMemory> make_apart_memory();
std::shared_ptr<const Memory> as_memory(std::shared_ptr<const ApartMemory> memory);

// A backend's kernels over memory that no one may touch but they and the copies of Memory: the
// host reading or writing it ends the program, and a kernel that is handed memory of the host throws. What a
// plan computes here it computes on a device.
std::shared_ptr<const Backend> make_apart_backend(std::shared_ptr<const Backend> backend,
                                                  std::shared_ptr<const ApartMemory> memory);
// The reference's.
std::shared_ptr<const Backend> make_apart_backend();

}  // namespace petal::testing
