#pragma once

#include "engine/backend.h"
#include "kernels/cpu/onednn.h"

namespace petal::cpu {

// The best of some matrix products of oneDNN's that fit the cache, and of some copies that do not, on all
// threads of the device.
DeviceLimit measure_limit(const Device& device);

}  // namespace petal::cpu
