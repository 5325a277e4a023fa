#pragma once

#include <cuda_runtime_api.h>

#include "engine/memory.h"

namespace petal::cuda {

// A device's stream; destroyed with the last who holds it.
std::shared_ptr<CUstream_st> make_stream(int device);

// The device's memory; copies are queued on `stream`.
std::shared_ptr<const Memory> make_device_memory(int device, std::shared_ptr<CUstream_st> stream);

}  // namespace petal::cuda
